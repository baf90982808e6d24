"""User interface of the export, in the Mocap tab and File > Export."""
