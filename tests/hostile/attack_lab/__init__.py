"""The laboratory of the hostile tests: scene, naive evaluator, throw-away namespace, evidence."""
