"""Words by which plants call what shows no defect, and what shows one of no known kind.

They are compared without case, accents and the like, by `folded`.
"""

import os
import re
import unicodedata

# What has no accent of its own, and is typed without.
_LETTERS = str.maketrans({'ł': 'l', 'ı': 'i', 'ø': 'o', 'đ': 'd', 'ð': 'd', 'æ': 'ae',
                          'œ': 'oe', 'þ': 'th'})

_GOOD = (
    # English.
    'good|ok|okay|normal|clean|pass(?:ed)?|acceptable|intact|healthy|negatives?|undamaged|'
    'uncracked|free|flawless|faultless|sound|perfect|accepted|approved|conforming',
    r'(?:no|non|without)[ _-]?(?:defect|crack|damage|scratch|fault|anomal|flaw|corros|rust|'
    r'stain|dent)\w*'
    r'(?:[ _-](?:detected|found|visible))?|(?:defect|fault|flaw)[ _-]?free|goods|neg|'
    r'correct|qualified|un(?:scratch|damag|dent|blemish|stain|corrod|scath)\w*|unbroken|'
    r'true[ _-]?(?:ok|negatives?)|not[ _-]?(?:cracked|damaged|defective|broken)',
    # German, Dutch, the Nordic languages.
    r'ohne[ _-]?(?:fehler|defekt|mangel|makel|schaden|risse?|befund)\w*|'
    r'gut(?:e|teile?)?|io|i\. ?o\.?|master[ _-]?teile?|'
    r'in[ _-]?ordnung|einwandfrei(?:e|es|er)?|saubere?[srn]?|konform(?:e|es|er)?|'
    r'(?:defekt|fehler|makel|mangel)(?:frei|los)(?:e|es|er)?|unbesch(?:ae?)digt|'
    'intakt|ordentlich|tadellos|'
    'goed(?:e|gekeurd)?|foutloos|gaaf|in[ _-]?orde|zonder[ _-]?(?:defect|fout)en?|'
    r'bra|godkan(?:d|t|nd)|felfria?|felfri[at]?|utan[ _-]?(?:fel|defekt)\w*|'
    r'god(?:e|t|kendt|kjent)?|fejlfri[et]?|feilfri[et]?|'
    r'(?:uden|uten)[ _-]?(?:fejl|feil|defekt)\w*|i[ _-]?orden|'
    r'hyva[t]?|ehja[t]?|kunnossa|virheet(?:on|tomat)|hyvaksytty|gott|gallalaus\w*',
    # French, Spanish, Portuguese, Italian, Romanian.
    r'bon(?:ne)?s?(?:[ _-]?etat)?|conformes?|(?:sans)[ _-]?(?:def)\w*|intacte?s?|'
    r'accepte(?:e?s?)|'
    r'buen[oa]s?|bien|correct[oa]s?|(?:sin|sem)[ _-]?(?:def|fall|falh)\w*|'
    'integr[oaie]s?|aceptad[oa]s?|aprobad[oa]s?|aprovad[oa]s?|san[oa]s?|perfeit[oa]s?|'
    r'bo(?:m|ns|as?)|buon[aeio]|pulit[aeio]|conformi|(?:senza|'
    r'privo[ _-]?di)[ _-]?(?:dife)\w*|'
    r'accettat[oaie]|idone[oaie]|bun[aei]|fara[ _-]?def\w*|conform[ae]?',
    # Polish, Czech, Slovak, South Slavic, Hungarian, Baltic, Greek, Albanian.
    r'dobr[aeyio]|sprawn[aey]|czyst[aey]|poprawn[aey]|prawidlow[aey]|'
    r'woln[aey][ _-]?od[ _-]?wad|(?:bez|brez)[ _-]?(?:wad|vad|defekt|def|chyb|gresk|napak|'
    r'gresak)\w*|bezvadn[aeiy]|bezchybn[aeiy]|vporadku|v[ _-]?poradku|v[ _-]?redu|'
    r'ispravn[aeio]|neposkozen[aeiy]|neostecen[aeio]|'
    r'jo|hibatlan(?:ok)?|hibamentes(?:ek)?|megfelelo(?:ek)?|'
    r'ger(?:as|i|a)|be[ _-]?defekt\w*|bez[ _-]?defekt\w*|korras|defektita|'
    r'καλ(?:ο|α|η|οι|ες)|χωρις[ _-]?ελαττωμα\w*|i[ _-]?mire',
    # Turkish.
    r'saglam(?:lar)?|saglikli|hatasiz(?:lar)?|(?:hata|kusur)[ _-]?yok|kusursuz(?:lar)?|'
    r'iyi|uygun|temiz|hasarsiz',
    # Russian, Ukrainian, Bulgarian, Serbian.
    r'норм(?:а|альн\w*)|годн(?:ый|ые|ая|ое|о)|хорош(?:ий|ие|ая|ее|о)|исправн\w*|цел\w{2,3}|'
    r'без[ _-]?(?:дефект|брак|вад)\w*|бездефект\w*|справн\w*|добр[еаиоы]й?|придатн\w*|'
    r'ок|чист\w{1,2}|здоров\w{2}',
    # Chinese, Japanese, Korean.
    '良品?|好[品件的]?|合格品?|正品|干净的?|正常|完好|无缺陷|無缺陷|无瑕疵|良好|優良品?|正常品|無欠陥|欠陥なし|異常なし|'
    '良|合格|問題なし|정상품?|양품|양호|합격품?|무결함|불량[ _-]?없음|결함[ _-]?없음',
    # Vietnamese, Indonesian, Hindi in Latin letters and its own, Arabic, Hebrew.
    r'binh[ _-]?thuong|khong[ _-]?(?:loi|khuyet[ _-]?tat)|hang[ _-]?tot|'
    r'baik|bagus|tanpa[ _-]?cacat|acch?h?[aei]+|theek|thik|sahi|अच्छ[ाेी]|ठीक|सही|'
    'جيد[ة]?|سليم[ة]?|תקין|טוב',
)
_BAD = (
    # English.
    r'(?:defe[ck]t|fault|fail|anomal|reject)(?!ist|less|fr).*|ng|nok|ko|'
    r'(?:with|mit|avec|con|com|met|med)[ _-]?(?:defects?|defekt|defekten|fehlern?|fejl|fel|'
    r'defauts?|defectos?|defeitos?|difett[oi])|z[ _-]?wad[aey]|s[ _-]?vad(?:ou|ami)|'
    r'not?[ _-]?(?:ok|good)|bad|scrap(?:ped)?|rework(?:ed)?|non[ _-]?conforming|flawed',
    # German, Dutch, the Nordic languages.
    r'fehler(?!ist|less|fr|los).*|n\.?[ _-]?i\.?[ _-]?o\.?|nicht[ _-]?(?:ok|i\.?o\.?|'
    r'in[ _-]?ordnung|'
    r'gut)|'
    r'ausschuss|schlecht(?:e|teile?)?|nacharbeit|mangelhaft(?:e|es|er)?|'
    'afkeur|afgekeurd|slecht(?:e)?|niet[ _-]?(?:ok|goed)|nabewerking|uitval|'
    r'dalig[at]?|underkan(?:d|t|nd)|kasserade?|kassation|omarbete|defekta?|fel|'
    r'darlig[et]?|kasseret|kassert|omarbejde|vrak|'
    r'viallis(?:et|nen)|viallinen|huono[t]?|hylatty|hylky|hylatyt|gallad\w*',
    # French, Spanish, Portuguese, Italian, Romanian.
    r'nc|mauvais(?:es?)?|rebuts?|defauts?|defectueu(?:x|ses?)|retouches?|'
    r'n[ao]o?n?[ _-]?conform[ei]s?|non[ _-]?buon[aeio]|mal[oa]s?|rechaz(?:ad[oa]s?|os?)|'
    r'retrabajos?|'
    r'defectuos[oa]s?|defectos?|scart[io]|difett[io]|difettos[aeio]|rilavorazion[ei]|'
    'ru(?:im|ins)|maus|defeitos?|defeituos[oa]s?|rejeitad[oa]s?|retrabalhos?|refugos?|'
    'reprelucra(?:t|re)',
    # Polish, Czech, Slovak, South Slavic, Hungarian, Baltic, Greek.
    r'zl[aey]|wad[ay]|wadliw[aey]|odrzuty?|poprawk[ai]|braki?|spatn[aeyi]|vadn[aeyi]|'
    r'zmetk[yu]?|zmetek|chybn[aeyi]|oprav[ay]|los[ai]|neispravn[aeio]|skart|dorada|'
    r'rossz(?:ak)?|hibas(?:ak)?|selejt(?:ek)?|utomunka|'
    r'blog(?:as|i|a)|brokas|slikt[ais]s?|brakis|praak|'
    r'κακ(?:ο|α|η)|ελαττωματικ\w*|σκαρτ\w*',
    # Turkish.
    r'hatali(?:lar)?|(?:iyi|uygun)[ _-]?degil|kusurlu(?:lar)?|bozuk|kotu|hurda|iskarta|'
    r'uygunsuz|'
    r'yeniden[ _-]?isleme|arizali',
    # Russian, Ukrainian, Bulgarian, Serbian.
    r'брак\w{0,3}|дефект\w*|плох\w{2,3}|негодн\w*|неисправн\w*|несправн\w*|доработк\w*|'
    r'поган\w{1,2}|лош\w{1,2}|не[ _-]?годн\w*|не[ _-]?норм\w*',
    # Chinese, Japanese, Korean.
    '不良品?|不合格品?|次品|坏[品件]?|废品|返[工修]|缺陷|瑕疵|不好|异常|異常|欠陥品?|手直し|廃棄|'
    '不可|불량품?|결함|불합격품?|재작업|비정상',
    # Vietnamese, Indonesian, Hindi, Arabic, Hebrew.
    r'khong[ _-]?dat|phe[ _-]?pham|hang[ _-]?loi|lam[ _-]?lai|'
    r'cacat|rusak|jelek|tolak|kharab|khara+b|खराब|दोष|معيب[ة]?|تالف[ة]?|פגום|פסול',
)
# What stands before a defect's name in that of what has none; 'no hole' may be a defect.
_WITHOUT = ('without|ohne|keine?|zonder|utan|uden|uten|ilman|sans|sin|sem|senza|fara|bez|'
            'brez|χωρις|без|tanpa|khong')
_WITHOUT_CJK = ('无', '無', '没有', '沒有')


def folded(name):
  """Returns a name without case, accents and composed letters, as they are typed."""
  parts = unicodedata.normalize('NFKD', name.casefold())
  bare = ''.join(c for c in parts if not '\u0300' <= c <= '\u036f')
  return unicodedata.normalize('NFC', bare).translate(_LETTERS)


def any_of(words):
  """Returns the regular expression for one of words, which are such, of a folded name."""
  return folded(f"(?:{'|'.join(words)})")


def is_as_typed(name, words):
  """Returns whether a name is one of words that have accents, and others have none."""
  return unicodedata.normalize('NFC', name).casefold() in words


_OF_THINGS = (r'(?:images?|imgs?|parts?|pieces?|samples?|quality|front|bilder|teile?|'
              r'onderdelen|piezas?|pecas?|pezzi|imagens?|imagenes|immagini|czesci|sztuki|'
              r'parca(?:lar)?|画像|图[像片])')
_CLEAN = re.compile(
    rf'(?:{_OF_THINGS}[ _-])?{any_of(_GOOD)}(?:[ _-]?{_OF_THINGS})?')
_NO_KIND = re.compile(any_of(_BAD))
# What turns the name of another class around: 'unpainted' beside 'painted'.
_NOT = re.compile(rf'(?:un|in|im|non|nicht|nie|not?|{_WITHOUT})[ _-]?(.+)')
# Vietnamese words that are others without their accents.
_GOOD_AS_TYPED, _BAD_AS_TYPED = ('tốt', 'đạt'), ('lỗi', 'hỏng', 'xấu')


def _is_one(name, words, as_typed):
  return bool(words.fullmatch(folded(name))) or is_as_typed(name, as_typed)


def is_good(name):
  """Returns whether a name is a word for what shows no defect."""
  return _is_one(name, _CLEAN, _GOOD_AS_TYPED)


def is_opposite(name, others):
  """Returns whether a name is another with a word for not before it, or 'fresh'.

  That is of fruit. Of 'uncorroded' and 'corrosion' the beginnings are the same.
  """
  found = _NOT.fullmatch(folded(name))
  return folded(name) == 'fresh' or bool(found) and any(
      len(os.path.commonprefix([found[1], folded(other)]))
      >= max(4, min(len(found[1]), len(folded(other))) - 3)
      for other in others if other != name)


def is_without(words):
  """Returns whether words of a name begin with one for without: sans, fissure."""
  return len(words) > 1 and bool(re.fullmatch(_WITHOUT, folded(words[0]))) or (
      words[0].startswith(_WITHOUT_CJK))


def is_bad(name):
  """Returns whether a name is a word for what shows a defect, of whatever kind."""
  return _is_one(name, _NO_KIND, _BAD_AS_TYPED) and not is_good(name)
