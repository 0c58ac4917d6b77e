"""Retrieval: from calibrated scenes and a model bundle to temperature and emissivity."""
