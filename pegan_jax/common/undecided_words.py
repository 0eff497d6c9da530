"""Words by which plants call folders and classes that are no kind of defect.

Such are of what nobody has looked at, what is put aside, pictures that somebody drew into,
and what is nothing. They are compared as `verdict_words` are.
"""

# What nobody has looked at, or could tell.
UNDECIDED = (
    # English.
    r'un(?:labell?ed|sorted|sure|certain|known|checked|clear|decided|reviewed|classified|'
    r'verified|annotated|assigned|identified|categori[sz]ed)|pending|te?mp|untitled|'
    r'no[ _-]?labels?|'
    r'not[ _-]?(?:yet[ _-]?)?(?:sure|sorted|labell?ed|checked|classified|reviewed)|'
    r'to[ _-]?(?:do|be[ _-]\w+|sort|label|check|review|classify|verify|annotate|decide|'
    r'delete|remove)|(?:for[ _-]?)?review|doubtful|dubious|questionable|ambiguous|'
    r'on[ _-]?hold|maybe|tbd|new[ _-]?folder|\?+|'
    r'false[ _-]?(?:positives?|alarms?|calls?|rejects?|ng|nok|bad)|'
    r'pseudo[ _-]?(?:fehler|defects?)|'
    r'(?:fehl|falsch)[ _-]?alarme?|faux[ _-]?positifs?|fals[oi]s?[ _-]?positiv[oi]s?|'
    # German, Dutch, the Nordic languages.
    r'un(?:sortiert|gelabelt|markiert|gepruft|klar|bekannt|sicher|entschieden|bestimmt|'
    r'klassifiziert)|'
    r'zu[ _-]?(?:prufen|sortieren|klaren)|(?:zur[ _-]?)?(?:uber)?prufung|fraglich|'
    r'zweifelhaft|nicht[ _-]?sicher|spater|(?:noch[ _-]?)?offen|'
    r'neuer[ _-]?ordner|nieuwe[ _-]?map|'
    r'onbekend|onduidelijk|ongesorteerd|onzeker|twijfel(?:achtig)?|'
    r'te[ _-]?(?:sorteren|controleren|bekijken)|'
    r'osak(?:er|ra)|oklar[at]?|osorterade?|okan[dt]a?|tveksam[ta]?|'
    r'att[ _-]?(?:sortera|kontrollera)|'
    r'usikker[te]?|uklare?|uklart|usorter(?:t|te|et|ede)|uk(?:jen|en)[dt]t?e?|tvivlsom|'
    r'tvilsom|'
    r'epavarma[t]?|epaselva[t]?|lajittelem(?:aton|attomat)|tuntem(?:aton|attomat)|'
    r'tarkistettavat?|ovisst|oflokkad|othekkt|'
    # French, Spanish, Portuguese, Italian, Romanian.
    r'douteu(?:x|ses?)|incertaine?s?|inconnue?s?|indetermine(?:e?s?)|pas[ _-]?surs?|'
    r'non[ _-]?(?:class|tri|verifi|etiquet|etichett|classificat|classificad|revisad)\w*|'
    r'a[ _-](?:trier|classer|verifier|revoir|controler)|nouveau[ _-]?dossier|'
    r'dudos[oa]s?|inciert[oa]s?|desconocid[oa]s?|nueva[ _-]?carpeta|pend(?:i)entes?|'
    r'sin[ _-]?(?:clasificar|revisar|etiquetar|ordenar)|'
    r'por[ _-]?(?:clasificar|revisar|classificar|rever)|'
    r'no[ _-]?(?:clasificad|revisad|etiquetad)[oa]s?|'
    r'duvidos[oa]s?|incert[oaie]s?|desconhecid[oa]s?|nova[ _-]?pasta|'
    r'sem[ _-]?classifica\w*|a[ _-]?(?:classificar|verificar)|nao[ _-]?classificad[oa]s?|'
    r'(?:in[ _-]?)?dubbi[oae]?|sconosciut[oiae]|nuova[ _-]?cartella|'
    r'da[ _-]?(?:classificare|verificare|controllare|ordinare|rivedere|smistare)|'
    r'nesigur[aei]?|necunoscut[aei]?|neclar[aei]?|neclasificat\w*|'
    r'de[ _-]?(?:verificat|sortat|clasificat)|'
    # Polish, Czech, Slovak, South Slavic, Hungarian, Baltic, Greek, Albanian.
    r'niepewn[aey]|nieznan[aey]|niejasn[aey]|watpliw[aey]|'
    r'nie(?:posortowan|sklasyfikowan)[aey]|'
    r'do[ _-]?(?:sprawdzenia|sortowania|sklasyfikowania)|nowy[ _-]?folder|'
    r'nejist[aey]|neist[aey]|nejasn[aeyio]|neznam[aey]|netriden[aey]|nezarazen[aey]|'
    r'neroztrieden[aey]|k[ _-]?(?:trideni|kontrole|overeni)|na[ _-]?kontrolu|'
    r'nesigurn[oaie]|nepoznat[oaie]|neznan[oaie]|neraz(?:vrstan|vrscen)[oaie]|'
    r'za[ _-]?(?:provjeru|proveru|preveriti|pregled)|'
    r'bizonytalan(?:ok)?|ismeretlen(?:ek)?|kerdeses(?:ek)?|ellenorizendok?|'
    r'valogatatlan(?:ok)?|'
    r'neaisk(?:us|u|ios)|nezinom\w+|nerusiuot\w+|neskaidr\w+|nezinam\w+|neskirot\w+|'
    r'ebaselged?|teadmata|sortimata|kahtla(?:ne|sed)|'
    r'αβεβαι(?:ο|α|η)|αγνωστ(?:ο|α|η)|ασαφ\w+|αταξινομητ\w+|προς[ _-]?ελεγχο|'
    r'i[ _-]?pa(?:qarte|njohur)|'
    # Turkish, Russian, Ukrainian, Bulgarian, Serbian.
    r'belirsiz(?:ler)?|etiketsiz(?:ler)?|bilin(?:meyen(?:ler)?|miyor)|supheli(?:ler)?|'
    r'siniflandirilmamis|'
    r'kontrol[ _-]?edilecek|emin[ _-]?degil|kararsiz|yeni[ _-]?klasor|'
    r'неизвестн\w+|неясн\w+|сомнительн\w+|неопределенн\w+|не(?:размечен|разобран)\w*|'
    r'не[ _-](?:размечен|разобран|сортирован|проверен)\w*|на[ _-]?проверку|'
    r'под[ _-]?вопросом|спорн\w+|новая[ _-]?папка|'
    r'невідом\w+|незрозуміл\w+|сумнівн\w+|непевн\w+|на[ _-]?перевірку|'
    r'съмнителн\w+|несигурн\w+|за[ _-]?провер[кук]\w*|непознат\w+|нејасн\w+|'
    # Chinese, Japanese, Korean.
    r'待(?:定|确认|確認|分类|分類|处理|處理|标注|標註|复核|复检|检查|检|查|审核|判定|整理)|'
    r'未(?:分类|分類|标注|標註|确认|確認|知|定|检|检查|判定|整理|選別|仕分け)|不确定|不確定|'
    r'存疑|疑似|不明|保留|要(?:確認|検討|判定)|判定(?:不能|保留)|新建文件夹|新しいフォルダー?|'
    r'미분류|미확인|보류|불확실|불명|미정|애매|알[ _-]?수[ _-]?없음|(?:확인|검토)[ _-]?필요|새[ _-]?폴더|'
    # Vietnamese, Indonesian, Hindi, Arabic, Hebrew.
    r'chua[ _-]?(?:phan[ _-]?loai|xac[ _-]?dinh|kiem[ _-]?tra|ro)|nghi[ _-]?ngo|'
    r'khong[ _-]?(?:ro|xac[ _-]?dinh|chac)|can[ _-]?kiem[ _-]?tra|'
    r'belum[ _-]?(?:dicek|diperiksa|disortir|diklasifikasi)|perlu[ _-]?dicek|'
    r'tidak[ _-]?(?:jelas|diketahui|pasti|yakin)|'
    'अज्ञात|अनिश्चित|अस्पष्ट|agyat|anishchit|'
    r'غير[ _-]?(?:معروف|مؤكد|مصنف|واضح)[ةه]?|مجهول[ةه]?|للمراجعة|'
    r'לא[ _-]?(?:ידוע|ברור|ממוין|בטוח)|לבדיקה',
)
# What is put aside: bins, copies, what is to be ignored, what a program wrote; and what is
# new, which nobody has sorted.
ASIDE = (
    r'new(?:er|est)?(?:[ _-]?(?:batch|data|files|samples|ones))?|latest|incoming|inbox|'
    r'neue?[rsn]?(?:[ _-]?(?:daten|teile))?|neueste|neuzugange?|eingang|'
    r'nachlieferung(?:en)?|'
    r'nieuwe?|ny(?:e|a|tt)|uudet|nouve(?:au|aux|lles?)|nuev[oa]s?|nov[oa]s?|nuov[oaie]|'
    r'now[aey]|nov[eyi]|uj(?:ak)?|nauj[ai]|jauni|uued|νε[αο]|te[ _-]?reja|yeni(?:ler)?|'
    r'нов(?:ые|ый|ая|ое|і|и|е)|新[的着]?|新(?:图|数据|規|着)|새(?:것|로운)?|신규|baru|'
    r'नया|नए|جديد[ةه]?|חדש(?:ים|ות)?|'
    # English. A skip and a duplicate may be of coats and prints.
    r'ignored?|exclude[ds]?|discard(?:s|ed)?|deleted?|removed?|trash|recycle[ _-]?bin|junk|'
    r'back[ _-]?ups?|bak|archived?|unused|obsolete|do[ _-]?not[ _-]?use|not[ _-]?used|'
    r'old(?:er)?|outdated|previous|superseded|deprecated|results?|outputs?|debug|'
    r'untitled(?:[ _-]?folder)?|check[ _-]?again|discuss|borderline|grenzf[aä]lle?|'
    r'calibrations?|kalibrierung(?:en)?|unscharf|vorschau(?:bilder)?|'
    r'thumb(?:nail)?s?|previews?|screen[ _-]?shots?|vecchi[oaei]?|docs?|documents?|'
    r'desktop|downloads?|plots?|'
    # German, Dutch, the Nordic languages.
    r'ignorieren|ignoriert|(?:zu[ _-]?)?loschen|geloscht|papierkorb|mull|verworfen|'
    r'aussortiert|'
    r'sicherungskopien?|datensicherung|archiv|nicht[ _-]?(?:verwenden|benutzen|benutzt)|'
    r'unbenutzt|negeren|verwijder(?:en|d)|prullenbak|reservekopie|archief|'
    r'niet[ _-]?gebruiken|ignorera|raderade?|papperskorg(?:en)?|sakerhetskopia|arkiv|'
    r'ignorer|slett(?:et|es)?|slettes|papirkurv(?:en)?|sikkerhe[td]s?kopi|roskakori|'
    r'poist(?:a|etut|ettavat)|varmuuskopio|arkisto|ruslafata|oryggisafrit|'
    # French, Spanish, Portuguese, Italian, Romanian.
    r'corbeille|poubelle|a[ _-](?:supprimer|jeter|ignorer)|supprime(?:e?s?)|sauvegardes?|'
    r'archives|ne[ _-]?pas[ _-]?utiliser|papelera|basura|borra(?:r|d[oa]s?)|'
    r'elimina(?:r|d[oa]s?)|respaldo|copia[ _-]?de[ _-]?seguri?(?:dad|anca)|'
    r'descarta(?:r|d[oa]s?)|ignora(?:r|d[oa]s?)|no[ _-]?usar|lixo|lixeira|'
    r'apaga(?:r|d[oa]s?)|'
    r'excluid[oa]s?|nao[ _-]?usar|ignora(?:re|t[oiae])?|cestino|'
    r'da[ _-]?(?:eliminare|buttare|ignorare|cancellare)|eliminat[oiae]|cancellat[oiae]|'
    r'archivio|non[ _-]?usare|gunoi|cos[ _-]?de[ _-]?gunoi|de[ _-]?sters|sters[ae]?|'
    r'copie[ _-]?de[ _-]?rezerva|arhiva|'
    # Polish, Czech, Slovak, South Slavic, Hungarian, Baltic, Greek, Albanian.
    r'ignorowan[aey]|kosz|smieci|do[ _-]?usuniecia|usuniet[aey]|pominiete|'
    r'kopia[ _-]?zapasowa|archiwum|odpad|ignorovat|smaza(?:t|n[aey])|vymazat|zaloh[ay]|'
    r'smece|smeti|otpad|ignoriraj|obrisan[oaie]|izbrisan[oaie]|rezervn[ai][ _-]?kopija|'
    r'lomtar|szemet|torolt(?:ek)?|torlendok?|biztonsagi[ _-]?mentes|archivum|'
    r'siuksl(?:iadeze|es)|istrint\w+|atsargine[ _-]?kopija|atkritne|miskaste|dzest\w*|'
    r'rezerves[ _-]?kopija|prugikast|kustutatud|varukoopia|'
    r'καδος|καδος[ _-]?ανακυκλωσης|σκουπιδια|διαγραφη|διαγραμμεν\w+|'
    r'αντιγραφο[ _-]?ασφαλειας|injoro|kopje[ _-]?rezerve|'
    # Turkish, Russian, Ukrainian, Bulgarian, Serbian.
    r'cop[ _-]?kutusu|geri[ _-]?donusum(?:[ _-]?kutusu)?|sil(?:inecek|inen)(?:ler)?|'
    r'yedek(?:ler)?|yoksay|arsiv|kullanilmayan|'
    r'корзина|мусор|удал(?:ить|енн\w+|ено)|на[ _-]?удаление|игнор(?:ировать)?|бе?[эе]?кап|'
    r'резервн\w+[ _-]?копи\w+|архив|не[ _-]?использовать|кошик|сміття|видал(?:ити|ен\w+)|'
    r'архів|кошче|боклук|изтри\w+|смеће|отпад|обрисан\w+|'
    # Chinese, Japanese, Korean.
    r'回收站|垃圾[桶箱]?|(?:已|待)?删除|刪除|忽略|备份|備份|不用|弃用|归档|存档|'
    r'ゴミ箱|ごみ箱|削除|除外|無視|バックアップ|不要|未使用|対象外|'
    r'휴지통|쓰레기통?|삭제|제외|무시|백업|미사용|'
    # Vietnamese, Indonesian, Hindi, Arabic, Hebrew.
    r'thung[ _-]?rac|bo[ _-]?qua|sao[ _-]?luu|da[ _-]?xoa|sampah|(?:di)?hapus|abaikan|'
    r'cadangan|arsip|कचरा|बैकअप|हटाएँ|مهملات|سلة[ _-]?المحذوفات|محذوف(?:ة|ات)?|حذف|تجاهل|'
    r'نسخة[ _-]?احتياطية|אשפה|למחיקה|להתעלם|גיבוי|ארכיון',
)
# Pictures that somebody, or a program, drew into.
DRAWN_INTO = (
    r'heat[ _-]?maps?|(?:grad|score)[ _-]?cams?|saliency(?:[ _-]?maps?)?|overlays?|'
    r'vis(?:uali[sz]ations?)?|predictions?|marked(?:[ _-]?up)?|'
    r'mark[ _-]?ups?|highlighted|circled|annotated|'
    r'with[ _-]?(?:box(?:es)?|masks?|marks?|markings?|annotations?|overlays?)|'
    r'markierte?|annotierte?|gekennzeichnete?|eingezeichnet|'
    r'mit[ _-]?(?:rahmen|markierung(?:en)?|maske|boxen)|gemarkeerde?|geannoteerde?|'
    r'marker(?:ad|ade|at|t|te|et|ede)|annoter(?:ad|ade|at|t|te|et|ede)|merkit(?:ty|yt)|'
    r'annotee?s|surlignee?s|avec[ _-]?(?:cadres?|boites?|masques?)|'
    r'(?:marc|anot|resalt|destac)ad[oa]s?|senalad[oa]s?|'
    r'(?:marc|annot|evidenzi)at[oiae]|marcat|adnotat[ae]?|'
    r'(?:o|za)znaczon[aey]|(?:o|vy)znacen[aeyio]|(?:meg|be)jelolt(?:ek)?|pazymet\w+|'
    r'atzimet\w+|margi(?:s)?ta?tud|σημειωμεν\w+|επισημασμεν\w+|'
    r'isaretl(?:i|enmis|enen)(?:ler)?|'
    r'размечен\w*|отмечен\w*|с[ _-]?разметкой|позначен\w*|розмічен\w*|маркиран\w*|'
    r'отбелязан\w*|означен\w*|'
    r'已?标[注记](?:图|后)?|已?標[註注記]|画框|マーク済み?|マーキング済み?|注釈付き|アノテーション済み?|'
    r'枠付き|(?:표시|마킹|라벨링)[됨된]|(?:da[ _-]?)?danh[ _-]?dau|ditandai|bertanda|'
    'चिह्नित|معلم[ةه]?|מסומ(?:ן|נת|נות|נים)',
)
# What has no class, as a name among those of classes.
NOTHING = (
    r'none|null|nothing|n\.?[ _-]?a\.?|no[ _-]?(?:class|object|part)s?|'
    r'golden(?:[ _-]?(?:samples?|images?))?|references?|referenz(?:en|bilder)?|gutmuster|'
    r'empty(?:[ _-]?(?:backgrounds?|belts?|images?))?|blank|roi|'
    r'region[ _-]?of[ _-]?interest|'
    r"don'?t[ _-]?care|(?:inspection|test)[ _-]?(?:area|region)|scale[ _-]?bar|空白?|"
    r'back[ _-]?grounds?|bg|'
    r'hintergrund|kein(?:e[rs]?)?|nichts|achtergrond|geen|bakgrunne?d?|baggrund|ingen|'
    r'tausta|'
    r'bakgrunnur|arriere[ _-]?plan|fond|aucune?|rien|fondo|ningun[oa]?|nada|fundo|nenhuma?|'
    r'sfondo|nessun[oa]?|niente|fundal|niciun[a]?|nimic|tlo|zadn[yae]|pozadie?|pozadina|'
    r'ozadje|nista|hatter|semmi|nincs|fonas|fons|taust|φοντο|κανενα|arka[ _-]?plan|yok|'
    'фон|нет|ничего|нема|背景|无|無|なし|배경|없음|latar(?:[ _-]?belakang)?|'
    r'tidak[ _-]?ada|पृष्ठभूमि|خلفية|רקע|אין',
)
# Words that are others without their accents.
AS_TYPED = ('çöp', 'koš', 'kôš', 'marqué', 'marquée', 'marqués', 'marquées', 'annoté',
             'annotée', 'ignoré', 'ignorés', 'ignorée', 'ignorées')
