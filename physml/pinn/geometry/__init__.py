"""Where an equation holds: boxes, balls, polygons, and what they make together."""

from physml.pinn.geometry.ball import Ball, Disk
from physml.pinn.geometry.boolean import Boolean, Difference, Intersection, Union
from physml.pinn.geometry.box import Box
from physml.pinn.geometry.domain import Domain, On
from physml.pinn.geometry.polygon import Polygon, l_shape
from physml.pinn.geometry.product import Product, product

__all__ = [
    "Ball",
    "Boolean",
    "Box",
    "Difference",
    "Disk",
    "Domain",
    "Intersection",
    "On",
    "Polygon",
    "Product",
    "Union",
    "l_shape",
    "product",
]
