"""Is my fine-tuned language model better, and should it be deployed?"""

__version__ = "0.1.0"
