"""What the numbers mean: translations of what the kernel wrote as numbers, beside the numbers."""
