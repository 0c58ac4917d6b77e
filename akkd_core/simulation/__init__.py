"""Simulation: profiles through LOWTRAN7 to band atmospheres, surfaces, scenes with known truth."""
