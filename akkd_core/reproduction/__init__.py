"""The AK-KD paper's tables and figures, made anew beside the published values."""
