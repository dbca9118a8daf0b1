"""Steps applied to each event: enrichments, labels, filters. One file each; none knows another."""
