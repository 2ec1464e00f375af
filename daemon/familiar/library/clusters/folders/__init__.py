"""Clusters as folders of pictures: written out, changed by a person with any file manager, and understood again."""
