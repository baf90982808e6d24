"""Reading and writing of Blender data; no other part of the add-on does this."""
