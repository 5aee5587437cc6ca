"""Names, places and sentences that the demo data is made of. The people are invented; the mail domains are reserved."""

__all__ = ["CARRIERS", "CHINESE", "EUROPEAN", "METHODS", "RETURN_REASONS", "TICKETS"]

CHINESE = {
    "family": (
        ("王", "wang"), ("李", "li"), ("张", "zhang"), ("刘", "liu"), ("陈", "chen"), ("杨", "yang"), ("黄", "huang"),
        ("赵", "zhao"), ("吴", "wu"), ("周", "zhou"), ("徐", "xu"), ("孙", "sun"), ("马", "ma"), ("朱", "zhu"),
        ("胡", "hu"), ("林", "lin"), ("郭", "guo"), ("何", "he"), ("高", "gao"), ("罗", "luo"),
    ),
    "given": (
        ("伟", "wei"), ("静", "jing"), ("敏", "min"), ("丽", "li"), ("强", "qiang"), ("磊", "lei"), ("洋", "yang"),
        ("艳", "yan"), ("勇", "yong"), ("杰", "jie"), ("娟", "juan"), ("涛", "tao"), ("明", "ming"), ("雪", "xue"),
        ("晓东", "xiaodong"), ("雨桐", "yutong"), ("子涵", "zihan"), ("思远", "siyuan"), ("嘉怡", "jiayi"),
        ("文博", "wenbo"), ("诗涵", "shihan"), ("建国", "jianguo"), ("海燕", "haiyan"), ("志明", "zhiming"),
    ),
    "place": (
        ("上海", "上海市静安区南京西路"), ("北京", "北京市朝阳区建国路"), ("杭州", "杭州市西湖区文三路"),
        ("深圳", "深圳市南山区科技园路"), ("成都", "成都市锦江区春熙路"), ("广州", "广州市天河区体育西路"),
        ("苏州", "苏州市姑苏区平江路"), ("武汉", "武汉市江汉区解放大道"), ("南京", "南京市鼓楼区中山路"),
        ("西安", "西安市雁塔区长安南路"), ("厦门", "厦门市思明区湖滨南路"), ("青岛", "青岛市市南区香港中路"),
    ),
}  # fmt: skip

EUROPEAN = {
    "given": (
        "Anna", "Jonas", "Sofie", "Lukas", "Emma", "Mateo", "Clara", "Nils", "Giulia", "Pierre", "Elena", "Oskar",
        "Ingrid", "Tomás", "Zoë", "Henrik", "Marie", "Paweł", "Ewa", "Lars", "Chiara", "Hugo", "Freya", "Daniel",
    ),
    "family": (
        "Müller", "Jansen", "Rossi", "Dubois", "Nilsson", "Kowalski", "García", "Hansen", "Weber", "Moreau", "Bianchi",
        "Novák", "Virtanen", "Silva", "Schmidt", "de Vries", "Larsen", "Fischer", "Lefèvre", "Murphy", "Svoboda",
    ),
    "place": (
        ("Berlin", "Lindenstraße {}, 10969 Berlin, Germany", "+49 30"),
        ("Hamburg", "Bergstraße {}, 20095 Hamburg, Germany", "+49 40"),
        ("Amsterdam", "Prinsengracht {}, 1015 Amsterdam, Netherlands", "+31 20"),
        ("Paris", "Rue de Turenne {}, 75003 Paris, France", "+33 1"),
        ("Milano", "Via Torino {}, 20123 Milano, Italy", "+39 02"),
        ("Stockholm", "Götgatan {}, 118 26 Stockholm, Sweden", "+46 8"),
        ("Copenhagen", "Vesterbrogade {}, 1620 Copenhagen, Denmark", "+45 33"),
        ("Wien", "Neubaugasse {}, 1070 Wien, Austria", "+43 1"),
        ("Warszawa", "Nowy Świat {}, 00-029 Warszawa, Poland", "+48 22"),
        ("Dublin", "Camden Street {}, Dublin 2, Ireland", "+353 1"),
    ),
}  # fmt: skip

CARRIERS = (("SF Express", "SF"), ("ZTO", "ZT"), ("DHL", "JD"), ("Post", "RR"))

METHODS = ("Alipay", "WeChat Pay", "card", "bank transfer")

RETURN_REASONS = ("wrong colour", "too large", "changed my mind", "尺寸不合适", "颜色不喜欢", "too dark")

TICKETS = (
    ("Lamp flickers", "The lamp flickers after a few minutes. What can I do?"),
    ("Missing screws", "The screws for the wall mount were not in the box."),
    ("Scratch on the base", "There is a scratch on the base. Can I get something back?"),
    ("Invoice please", "Could you send me an invoice for this order?"),
    ("Wrong colour", "I ordered another colour than the one that came."),
    ("灯罩有裂纹", "收到的灯罩有一道裂纹，请问怎么处理？"),
    ("少了配件", "包裹里少了一根灯线，麻烦补发。"),
    ("想开发票", "请帮我开一张发票，谢谢。"),
    ("亮度不够", "灯的亮度比想象的暗，可以换货吗？"),
    ("包装破损", "外包装破了，灯座有一点划痕。"),
)
