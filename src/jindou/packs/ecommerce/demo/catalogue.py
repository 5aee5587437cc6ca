"""What the demo shop sells: lamps first, then what stands around them."""

from typing import NamedTuple

__all__ = ["FINISHES", "PRODUCTS", "Finish", "Product"]


class Finish(NamedTuple):
    """What sets one variant of a product apart."""

    en: str
    zh: str


class Product(NamedTuple):
    """A product; `yuan` is the price of its first variant, each further one costs 20 yuan more."""

    code: str
    en: str
    zh: str
    category: str
    yuan: int
    finishes: str


FINISHES = {
    "BR": Finish("brass", "黄铜"),
    "BK": Finish("black", "黑色"),
    "WH": Finish("white", "白色"),
    "OA": Finish("oak", "橡木"),
    "WA": Finish("walnut", "胡桃木"),
    "GY": Finish("grey", "灰色"),
    "SA": Finish("sand", "沙色"),
    "GN": Finish("green", "绿色"),
    "WW": Finish("warm white", "暖光"),
    "NW": Finish("neutral white", "自然光"),
    "S": Finish("small", "小号"),
    "L": Finish("large", "大号"),
}

PRODUCTS = (
    Product("DL-01", "Aurora desk lamp", "极光台灯", "desk lamp", 389, "BR BK WH"),
    Product("DL-02", "Luna desk lamp", "月光台灯", "desk lamp", 259, "BK WH"),
    Product("DL-03", "Bamboo desk lamp", "竹影台灯", "desk lamp", 199, "OA WA"),
    Product("DL-04", "Heron reading lamp", "白鹭阅读灯", "desk lamp", 329, "BR BK WH"),
    Product("DL-05", "Pebble night light", "卵石小夜灯", "desk lamp", 89, "SA GY"),
    Product("DL-06", "Studio clamp lamp", "工作室夹灯", "desk lamp", 149, "BK WH GN"),
    Product("FL-01", "Crane floor lamp", "仙鹤落地灯", "floor lamp", 899, "BR BK"),
    Product("FL-02", "Harbour floor lamp", "港湾落地灯", "floor lamp", 749, "BK WH"),
    Product("FL-03", "Willow floor lamp", "垂柳落地灯", "floor lamp", 679, "OA WA"),
    Product("FL-04", "Arc floor lamp", "弧光落地灯", "floor lamp", 1290, "BR BK"),
    Product("FL-05", "Tripod floor lamp", "三脚落地灯", "floor lamp", 829, "OA WA BK"),
    Product("PL-01", "Lotus pendant", "莲花吊灯", "pendant", 569, "BR WH"),
    Product("PL-02", "Bell pendant", "铃铛吊灯", "pendant", 429, "BR BK GN"),
    Product("PL-03", "Cloud pendant", "云朵吊灯", "pendant", 799, "S L"),
    Product("PL-04", "Rattan pendant", "藤编吊灯", "pendant", 359, "S L"),
    Product("PL-05", "Paper moon pendant", "纸月亮吊灯", "pendant", 189, "S L"),
    Product("PL-06", "Opal pendant", "蛋白石吊灯", "pendant", 649, "BR BK"),
    Product("WL-01", "Alpine wall lamp", "阿尔卑斯壁灯", "wall lamp", 299, "BR BK WH"),
    Product("WL-02", "Swallow wall lamp", "燕子壁灯", "wall lamp", 339, "BK WH"),
    Product("WL-03", "Linen wall lamp", "亚麻壁灯", "wall lamp", 279, "SA GY"),
    Product("WL-04", "Picture light", "画框灯", "wall lamp", 219, "BR BK"),
    Product("TL-01", "Porcelain table lamp", "青瓷桌灯", "table lamp", 459, "GN WH"),
    Product("TL-02", "Mushroom table lamp", "蘑菇桌灯", "table lamp", 299, "WH SA GN"),
    Product("TL-03", "Lantern table lamp", "灯笼桌灯", "table lamp", 239, "S L"),
    Product("TL-04", "Marble table lamp", "大理石桌灯", "table lamp", 529, "WH BK"),
    Product("OL-01", "Garden lantern", "花园灯笼", "outdoor", 259, "S L"),
    Product("OL-02", "Solar path light", "太阳能小径灯", "outdoor", 129, "BK"),
    Product("OL-03", "Terrace string lights", "露台串灯", "outdoor", 159, "WW NW"),
    Product("BU-01", "Globe bulb E27", "圆形灯泡 E27", "bulb", 39, "WW NW"),
    Product("BU-02", "Candle bulb E14", "蜡烛灯泡 E14", "bulb", 29, "WW NW"),
    Product("BU-03", "Filament bulb E27", "灯丝灯泡 E27", "bulb", 49, "WW"),
    Product("BU-04", "Smart bulb E27", "智能灯泡 E27", "bulb", 99, "WW NW"),
    Product("AC-01", "Textile cable", "编织灯线", "accessory", 59, "BK GN SA"),
    Product("AC-02", "Ceiling rose", "吸顶盘", "accessory", 69, "BR BK WH"),
    Product("AC-03", "Linen lampshade", "亚麻灯罩", "accessory", 119, "SA GY WH"),
    Product("AC-04", "Touch dimmer", "触摸调光器", "accessory", 79, "BK WH"),
    Product("HO-01", "Wool throw", "羊毛毯", "home", 349, "GY SA GN"),
    Product("HO-02", "Linen cushion", "亚麻靠垫", "home", 129, "GY SA GN"),
    Product("HO-03", "Oval mirror", "椭圆镜", "home", 459, "BR BK"),
    Product("HO-04", "Walnut tray", "胡桃木托盘", "home", 169, "S L"),
    Product("HO-05", "Stoneware vase", "粗陶花瓶", "home", 189, "S L"),
    Product("HO-06", "Tea set for four", "四人茶具", "home", 399, "GN WH"),
    Product("HO-07", "Celadon bowl", "青瓷碗", "home", 99, "S L"),
    Product("HO-08", "Bookend pair", "书挡一对", "home", 139, "BR BK"),
    Product("HO-09", "Wall clock", "挂钟", "home", 239, "OA WA BK"),
    Product("HO-10", "Coat stand", "衣帽架", "home", 429, "OA BK"),
    Product("HO-11", "Bedside table", "床头柜", "home", 599, "OA WA"),
    Product("HO-12", "Jute rug", "黄麻地毯", "home", 499, "S L"),
    Product("HO-13", "Scented candle", "香薰蜡烛", "home", 119, "SA GN"),
    Product("HO-14", "Umbrella stand", "雨伞架", "home", 199, "BK BR"),
)
