"""The nine outlets whose folders and hosts newsarchive knows from the start."""

from django.db import migrations

# slug: (name, folders, hosts, what the outlet appends to its titles)
OUTLETS = {
    "reuters": ("路透", ["reuters", "路透"], ["reuters.com"], ["路透社", "Reuters"]),
    "nyt": ("纽约时报", ["nyt", "纽约时报"], ["nytimes.com"], ["纽约时报中文网"]),
    "voa": ("美国之音", ["voa", "美国之音"], ["voachinese.com", "voanews.com"], ["VOA"]),
    "ft": ("金融时报", ["ft", "金融时报"], ["ftchinese.com", "ft.com"], ["FT中文网"]),
    "bbc": ("BBC", ["bbc", "BBC"], ["bbc.com", "bbc.co.uk"], ["BBC News 中文", "BBC中文网"]),
    "rfi": ("法广", ["rfi", "法广"], ["rfi.fr"], ["法国国际广播电台", "RFI", "国际纵横"]),
    "dw": ("德国之声", ["dw", "德国之声"], ["dw.com"], ["DW", "德国之声中文网"]),
    "rfa": ("自由亚洲电台", ["rfa", "自由亚洲电台"], ["rfa.org"], ["自由亚洲电台普通话", "RFA"]),
    "cdt": (
        "中国数字时代",
        ["cdt", "中国数字时代"],
        ["chinadigitaltimes.net"],
        ["China Digital Times"],
    ),
}


def add_outlets(apps, schema_editor):
    outlet_model = apps.get_model("articles", "Outlet")
    alias_model = apps.get_model("articles", "OutletAlias")
    for slug, (name, folders, hosts, suffixes) in OUTLETS.items():
        outlet = outlet_model.objects.create(slug=slug, name=name, title_suffixes=suffixes)
        for kind, values in (("folder", folders), ("host", hosts)):
            for value in values:
                alias_model.objects.create(outlet=outlet, kind=kind, value=value)


class Migration(migrations.Migration):
    dependencies = [("articles", "0001_initial")]

    operations = [migrations.RunPython(add_outlets, migrations.RunPython.noop)]
