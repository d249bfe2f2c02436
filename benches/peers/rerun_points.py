"""Writes a recording of points for the Rerun viewer: rerun_points.py PLACES OUT.rrd"""

import sys

import numpy as np
import rerun as rr
import rerun.blueprint as rrb

places = np.fromfile(sys.argv[1], dtype="<f8").reshape(-1, 2)
rr.init("points")
rr.save(sys.argv[2])
rr.send_blueprint(rrb.Blueprint(rrb.MapView(origin="/", name="map", zoom=12.0), collapse_panels=True))
# Rerun wants latitude first.
rr.log("points", rr.GeoPoints(lat_lon=places[:, ::-1], radii=rr.Radius.ui_points(1.5)), static=True)
