"""Which offer does a grocery product belong to? The eight coupon themes of the demonstration campaign.

A theme is a shelf that people recognise. Most departments belong to one theme whole; the large departments GROCERY and
DRUG GM are divided by product category. What is in no list (postage stamps, gift cards, coupons sold as articles)
belongs to no theme and counts only towards a household's totals.

Left out on purpose: medicines, vitamins, first aid, feminine hygiene, pregnancy and baby articles, alcohol and tobacco.
What somebody buys there can reveal health, pregnancy or addiction (GDPR 9, recital 51), so no offer is about them and
nothing is learned from them.
"""

from __future__ import annotations

__all__ = ["THEMES", "theme_of_category", "theme_of_department"]

_DEPARTMENTS: dict[str, tuple[str, ...]] = {
    "fresh": (
        "PRODUCE",
        "MEAT",
        "MEAT-PCKGD",
        "SEAFOOD",
        "SEAFOOD-PCKGD",
        "DELI",
        "SALAD BAR",
        "CHEF SHOPPE",
        "TRAVEL & LEISURE",
    ),
    "breakfast": ("PASTRY",),
    "frozen": ("FROZEN GROCERY",),
    "pantry": ("NUTRITION",),
    "care": ("COSMETICS",),
    "home": ("FLORAL", "GARDEN CENTER"),
}

_CATEGORIES: dict[str, tuple[str, ...]] = {
    "dairy": (
        "BUTTER",
        "CHEESE",
        "EGGS",
        "FLUID MILK PRODUCTS",
        "MARGARINES",
        "MILK BY-PRODUCTS",
        "MISC. DAIRY",
        "REFRGRATD DOUGH PRODUCTS",
        "REFRGRATD JUICES/DRNKS",
        "YOGURT",
    ),
    "frozen": (
        "FROZEN - BOXED(GROCERY)",
        "FROZEN BREAD/DOUGH",
        "FROZEN CHICKEN",
        "FROZEN PACKAGE MEAT",
        "FROZEN PIE/DESSERTS",
        "FROZEN PIZZA",
        "FRZN BREAKFAST FOODS",
        "FRZN FRUITS",
        "FRZN ICE",
        "FRZN JCE CONC/DRNKS",
        "FRZN MEAT/MEAT DINNERS",
        "FRZN NOVELTIES/WTR ICE",
        "FRZN POTATOES",
        "FRZN SEAFOOD",
        "FRZN VEGETABLE/VEG DSH",
        "ICE CREAM/MILK/SHERBTS",
    ),
    "breakfast": (
        "BAKED BREAD/BUNS/ROLLS",
        "BAKED SWEET GOODS",
        "COCOA MIXES",
        "COFFEE",
        "COLD CEREAL",
        "CONVENIENT BRKFST/WHLSM SNACKS",
        "HOT CEREAL",
        "MOLASSES/SYRUP/PANCAKE MIXS",
        "PNT BTR/JELLY/JAMS",
        "TEAS",
    ),
    "pantry": (
        "BAKING MIXES",
        "BAKING NEEDS",
        "BEANS - CANNED GLASS & MW",
        "CANNED MILK",
        "CONDIMENTS/SAUCES",
        "DINNER MXS:DRY",
        "DRY BN/VEG/POTATO/RICE",
        "DRY MIX DESSERTS",
        "DRY NOODLES/PASTA",
        "DRY SAUCES/GRAVY",
        "FLOUR & MEALS",
        "FRUIT - SHELF STABLE",
        "HISPANIC",
        "MEAT - SHELF STABLE",
        "OLIVES",
        "PASTA SAUCE",
        "PICKLE/RELISH/PKLD VEG",
        "SALD DRSNG/SNDWCH SPRD",
        "SEAFOOD - SHELF STABLE",
        "SHORTENING/OIL",
        "SOUP",
        "SPICES & EXTRACTS",
        "SUGARS/SWEETNERS",
        "SYRUPS/TOPPINGS",
        "VEGETABLES - SHELF STABLE",
    ),
    "snacks": (
        "BAG SNACKS",
        "CANDY - CHECKLANE",
        "CANDY - PACKAGED",
        "CANNED JUICES",
        "COOKIES/CONES",
        "CRACKERS/MISC BKD FD",
        "ISOTONIC DRINKS",
        "NEW AGE",
        "PWDR/CRYSTL DRNK MX",
        "SNACK NUTS",
        "SNACKS",
        "SOFT DRINKS",
        "WAREHOUSE SNACKS",
        "WATER - CARBONATED/FLVRD DRINK",
    ),
    "home": (
        "AIR CARE",
        "BATH TISSUES",
        "BATTERIES",
        "BLEACH",
        "BROOMS AND MOPS",
        "CAT FOOD",
        "CAT LITTER",
        "CHARCOAL AND LIGHTER FLUID",
        "DISHWASH DETERGENTS",
        "DOG FOODS",
        "FACIAL TISS/DNR NAPKIN",
        "FD WRAPS/BAGS/TRSH BG",
        "HARDWARE SUPPLIES",
        "HOUSEHOLD CLEANG NEEDS",
        "INSECTICIDES",
        "LAUNDRY ADDITIVES",
        "LAUNDRY DETERGENTS",
        "PAPER HOUSEWARES",
        "PAPER TOWELS",
        "PET CARE SUPPLIES",
        "PLASTIC HOUSEWARES",
    ),
    "care": (
        "DEODORANTS",
        "HAIR CARE ACCESSORIES",
        "HAIR CARE PRODUCTS",
        "HAND/BODY/FACIAL PRODUCTS",
        "ORAL HYGIENE PRODUCTS",
        "SHAVING CARE PRODUCTS",
        "SOAP - LIQUID & BAR",
        "SUNTAN",
    ),
}

THEMES: tuple[str, ...] = ("fresh", "dairy", "frozen", "breakfast", "pantry", "snacks", "home", "care")
"""The offers of the demonstration, in the order of its campaign file; a coupon that is tied goes to the first."""

theme_of_department: dict[str, str] = {name: theme for theme, names in _DEPARTMENTS.items() for name in names}
"""Departments that belong to one theme whole."""

theme_of_category: dict[str, str] = {name: theme for theme, names in _CATEGORIES.items() for name in names}
"""Product categories inside GROCERY and DRUG GM."""
