"""Knowledge distillation: how much a student listens to its teacher, and what that loss means."""
