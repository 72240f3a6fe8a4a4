"""CTC models: what each must offer, and how its checkpoint is read and loaded."""
