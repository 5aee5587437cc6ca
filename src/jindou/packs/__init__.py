"""Lines of business."""
