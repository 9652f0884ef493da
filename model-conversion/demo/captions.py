"""What can be said about a phantom: concepts, their phrases, and captions in many wordings with the concepts' character spans.

A caption is true of a picture when every concept it names is a fact of that picture; so two pictures of one kind, or
a caption that names the modality only, are never false negatives of each other.
"""
from typing import NamedTuple

import numpy as np

from dataset import KINDS

MODALITY_PHRASES = {
    "chest x-ray": ["chest x-ray", "chest xray", "chest radiograph", "chest x-ray image", "x-ray", "radiograph", "chest film", "frontal chest radiograph",
                    "chest radiography", "x-ray of the chest", "thorax x-ray", "plain chest radiograph", "cxr"],
    "brain mri": ["brain mri", "mri", "mri of the brain", "brain mr", "magnetic resonance imaging", "brain magnetic resonance imaging", "axial brain mri", "mri scan",
                  "brain mri scan", "mr image of the brain", "head mri", "brain scan", "cranial mri"],
    "abdominal ct": ["abdominal ct", "ct", "ct scan", "abdominal ct scan", "ct of the abdomen", "computed tomography", "abdomen ct", "axial ct",
                     "computed tomography of the abdomen", "abdominal computed tomography", "ct image", "contrast enhanced ct"],
    "skin lesion": ["skin lesion", "dermoscopy", "skin", "dermatoscopy", "dermoscopic image", "dermatology photo", "skin photograph", "dermoscopy image",
                    "pigmented skin lesion", "mole on the skin", "dermatology", "lesion of the skin", "dermoscopic skin lesion"],
    "histology": ["histology", "h&e histology", "h&e", "histopathology", "pathology slide", "histology slide", "h&e stained tissue", "tissue section",
                  "hematoxylin and eosin", "biopsy", "histopathology slide", "h&e stain", "tissue microscopy", "h&e stained slide", "microscopic tissue", "haematoxylin and eosin"],
    "fundus": ["fundus photograph", "fundus", "retina", "retinal fundus", "retinal photograph", "fundus photography", "eye fundus", "retinal image", "color fundus photograph",
               "fundus image", "colour fundus photograph", "retina photograph", "ophthalmoscopy", "photograph of the retina"],
    "ultrasound": ["ultrasound", "ultrasound image", "sonography", "sonogram", "ultrasonography", "ultrasound scan", "b-mode ultrasound", "echography",
                   "us image", "b-mode sonogram", "ultrasound examination"],
    "blood smear": ["blood smear", "peripheral blood smear", "blood film", "peripheral blood film", "blood cells", "hematology", "blood smear microscopy",
                    "giemsa stained blood smear", "wright stained blood smear", "red blood cells", "haematology", "blood microscopy", "blood cell image"],
}
MICROSCOPY = {"microscopy": ["microscopy", "micrograph", "microscope image"]}
# What every picture of the modality shows.
ANATOMY = {
    "chest x-ray": {"lungs": ["lungs", "lung", "lung fields"], "heart": ["heart", "cardiac silhouette"], "ribs": ["ribs", "rib cage"]},
    "brain mri": {"brain": ["brain", "cerebrum", "brain tissue"], "ventricles": ["ventricles", "lateral ventricles"]},
    "abdominal ct": {"liver": ["liver"], "kidney": ["kidney", "kidneys"], "abdomen": ["abdomen"]},
    "skin lesion": {},
    "histology": {"nuclei": ["nuclei", "cell nuclei"], "tissue": ["tissue"], **MICROSCOPY},
    "fundus": {"optic disc": ["optic disc", "optic nerve head"], "vessels": ["vessels", "retinal vessels", "blood vessels"], "macula": ["macula", "fovea"]},
    "ultrasound": {"echoes": ["echoes", "speckle"]},
    "blood smear": {"erythrocytes": ["erythrocytes", "red cells"], **MICROSCOPY},
}
# (modality, finding) -> the concepts it stands for, each with its phrases
NORMAL = {"normal": ["normal", "no finding", "no abnormality", "normal findings", "healthy", "unremarkable", "normal appearance", "no disease"]}
NODULE = {"nodule": ["nodule", "round nodule", "small nodule", "solitary nodule"]}
CYST = {"cyst": ["cyst", "simple cyst", "fluid filled cyst"]}
HEMORRHAGE = {"hemorrhage": ["hemorrhage", "haemorrhage", "bleeding", "bleed"]}
TUMOUR = {"tumour": ["tumour", "tumor", "neoplasm"]}
CANCER = {"cancer": ["cancer", "malignancy", "malignant disease"]}
FINDING_PHRASES = {
    ("chest x-ray", "pleural effusion"): {"pleural effusion": ["pleural effusion", "effusion", "pleural fluid", "fluid in the pleural space"]},
    ("chest x-ray", "nodule"): {**NODULE, "lung nodule": ["lung nodule", "pulmonary nodule", "coin lesion"]},
    ("chest x-ray", "pneumothorax"): {"pneumothorax": ["pneumothorax", "collapsed lung", "air in the pleural space"]},
    ("chest x-ray", "cardiomegaly"): {"cardiomegaly": ["cardiomegaly", "enlarged heart", "enlarged cardiac silhouette", "large heart"]},
    ("chest x-ray", "pneumonia"): {"pneumonia": ["pneumonia", "consolidation", "lung infection", "opacity", "airspace opacity", "infiltrate"]},
    ("brain mri", "tumour"): {**TUMOUR, "brain tumour": ["brain tumour", "brain tumor", "glioma", "glioblastoma", "enhancing mass", "intracranial mass"]},
    ("brain mri", "hemorrhage"): {**HEMORRHAGE, "intracranial hemorrhage": ["intracranial hemorrhage", "brain hemorrhage", "cerebral haemorrhage", "hematoma"]},
    ("brain mri", "hydrocephalus"): {"hydrocephalus": ["hydrocephalus", "enlarged ventricles", "dilated ventricles", "ventriculomegaly"]},
    ("abdominal ct", "cyst"): {**CYST, "cyst on ct": ["liver or kidney cyst", "hypodense cyst"]},
    ("abdominal ct", "kidney stone"): {"kidney stone": ["kidney stone", "renal calculus", "nephrolithiasis", "renal stone"]},
    ("abdominal ct", "metastases"): {**CANCER, "metastases": ["liver metastases", "metastases", "metastasis", "multiple liver lesions", "hepatic metastases"]},
    ("skin lesion", "nevus"): {"nevus": ["nevus", "benign nevus", "mole", "melanocytic nevus", "benign mole", "naevus", "benign"]},
    ("skin lesion", "melanoma"): {**CANCER, "melanoma": ["melanoma", "malignant melanoma", "irregular pigmented lesion", "skin cancer", "malignant"]},
    ("skin lesion", "hemangioma"): {"hemangioma": ["hemangioma", "vascular lesion", "haemangioma", "cherry angioma", "angioma"]},
    ("histology", "tumour"): {**TUMOUR, **CANCER, "carcinoma": ["carcinoma", "tumor cells", "adenocarcinoma", "atypical cells", "invasive carcinoma"]},
    ("histology", "inflammation"): {"inflammation": ["inflammation", "lymphocytes", "lymphocytic infiltrate", "inflammatory cells", "lymphocyte infiltration"]},
    ("histology", "fat"): {"fat": ["fat", "adipose tissue", "adipocytes", "fat cells", "fatty tissue"]},
    ("fundus", "diabetic retinopathy"): {"diabetic retinopathy": ["diabetic retinopathy", "exudates", "hard exudates", "microaneurysms", "retinopathy"]},
    ("fundus", "hemorrhage"): {**HEMORRHAGE, "retinal hemorrhage": ["retinal hemorrhage", "retinal haemorrhage", "retinal bleeding", "blot hemorrhage"]},
    ("fundus", "glaucoma"): {"glaucoma": ["glaucoma", "large optic cup", "optic disc cupping", "enlarged cup", "glaucomatous optic disc"]},
    ("ultrasound", "cyst"): {**CYST, "cyst on ultrasound": ["anechoic cyst", "anechoic lesion"]},
    ("ultrasound", "nodule"): {**NODULE, "solid mass": ["solid mass", "hypoechoic nodule", "hypoechoic mass", "solid nodule"]},
    ("ultrasound", "gallstone"): {"gallstone": ["gallstone", "gallstones", "cholelithiasis", "gallbladder stone", "acoustic shadow"]},
    ("blood smear", "leukemia"): {**CANCER, "leukemia": ["leukemia", "leukaemia", "blasts", "blast cells", "many white blood cells", "leukocytosis"]},
    ("blood smear", "sickle cells"): {"sickle cells": ["sickle cells", "sickle cell disease", "sickle cell anemia", "sickled red cells"]},
    ("blood smear", "malaria"): {"malaria": ["malaria", "malaria parasites", "plasmodium", "parasites", "ring forms"]},
}
MODALITY_TEMPLATES = [
    "{m}", "{m}", "a {m}", "an {m}", "the {m}", "a medical image of {m}", "a medical image of {m}", "a medical image of a {m}", "this is a {m} image", "this is {m}", "this is a {m}", "{m} image",
    "an image of {m}", "an image of a {m}", "a photo of {m}", "a photo of a {m}", "a picture of {m}", "{m} of a patient", "medical image: {m}", "image showing {m}", "a {m} image", "modality: {m}",
    "an example of {m}", "a clinical image of {m}", "{m} presented in image", "this is an image of {m}", "a {m} picture of a patient", "{m}.", "{m} from an adult patient", "diagnostic {m}", "a typical {m}"]
FINDING_TEMPLATES = [
    "{f}", "{f}", "a medical image of {f}", "a medical image of {f}", "an image showing {f}", "this image shows {f}", "signs of {f}", "evidence of {f}", "findings: {f}", "a patient with {f}",
    "there is {f}", "the presence of {f}", "this is a {f} image", "{f} is seen", "a photo of {f}", "an image of {f}", "{f} presented in image", "this is an image of {f}", "{f} visible", "a case of {f}",
    "diagnosis: {f}", "impression: {f}", "consistent with {f}", "a picture of a {f}", "{f}."]
BOTH_TEMPLATES = [
    "{m} with {f}", "a {m} with {f}", "{m} showing {f}", "{f} on {m}", "{m}: {f}", "{m} of a patient with {f}", "a {m} demonstrating {f}", "{f} seen in a {m} image", "a medical image of {m} with {f}",
    "a medical image of {m} showing {f}", "{m} reveals {f}", "{m}, {f}", "{f}, {m}", "{f} {m}", "this {m} shows {f}", "a {m} of {f}", "{m} in a patient with {f}.", "{m} demonstrates {f}", "{f} in {m}",
    "the {m} shows signs of {f}", "an adult patient; {m} with {f}", "this is a {m} image with {f}", "case: {f}. {m}"]
NORMAL_TEMPLATES = ["normal {m}", "a normal {m}", "healthy {m}", "a medical image of normal {m}", "normal {m} image", "{m} without abnormality", "{m} of a healthy person", "unremarkable {m}"]
ANATOMY_TEMPLATES = ["{a}", "{m} of the {a}", "{m} showing the {a}", "a medical image of {a}", "the {a} seen on {m}", "an image of the {a}", "{a} in {m}", "{m}: {a}", "view of the {a}"]
FULL_TEMPLATES = ["{m} of the {a} with {f}", "{m} showing {a} and {f}", "{f}; {a}; {m}", "{m}: the {a} is visible, {f}", "{m} of the {a}: {f}"]


def finding_concepts(kind):
    return NORMAL if kind[1] == "normal" else FINDING_PHRASES[kind]


def _facts():
    """Concept names, and facts [kinds, concepts]: which concept is true of which kind of picture."""
    truths = [{f"modality:{kind[0]}", *finding_concepts(kind), *ANATOMY[kind[0]]} for kind in KINDS]
    names = sorted(set().union(*truths))
    return names, np.array([[name in truth for name in names] for truth in truths])


CONCEPTS, FACTS = _facts()
INDEX = {name: i for i, name in enumerate(CONCEPTS)}
# Concepts with a place in the picture (a lesion), as opposed to those of the whole picture.
LOCAL = np.array([any(name in concepts for concepts in FINDING_PHRASES.values()) for name in CONCEPTS])


class Caption(NamedTuple):
    text: str
    spans: list    # [(concept index, first character, end character)]
    claims: list   # indices of all concepts that the caption asserts


def _fill(template, slots):
    """Puts the phrases into a template and keeps their character spans."""
    text, spans, at = "", [], 0
    while at < len(template):
        if template[at] == "{":
            concept, phrase = slots[template[at + 1]]
            spans.append((INDEX[concept], len(text), len(text) + len(phrase)))
            text, at = text + phrase, at + 3
        else:
            text, at = text + template[at], at + 1
    return Caption(text, spans, [concept for concept, _, _ in spans])


def write_caption(rng, kind, modality_share):
    """A true caption of a picture of this kind (an index into KINDS); `modality_share` of them name the modality only."""
    modality, finding = KINDS[kind]

    def pick(items):
        return items[int(rng.integers(len(items)))]

    phrases = MODALITY_PHRASES[modality]
    slots = {"m": (f"modality:{modality}", phrases[0] if rng.random() < 0.25 else pick(phrases))}
    concepts = finding_concepts(KINDS[kind])
    concept = pick(list(concepts))
    slots["f"] = (concept, pick(concepts[concept]))
    if ANATOMY[modality]:
        part = pick(list(ANATOMY[modality]))
        slots["a"] = (part, pick(ANATOMY[modality][part]))
    style = rng.random()
    if style < modality_share:
        return _fill(pick(MODALITY_TEMPLATES), slots)
    if finding == "normal" and style < modality_share + 0.20:
        caption = _fill(pick(NORMAL_TEMPLATES), slots)
        return caption._replace(claims=caption.claims + [INDEX["normal"]])
    if style < 0.58:
        return _fill(pick(FINDING_TEMPLATES), slots)
    if style < 0.86 or "a" not in slots:
        return _fill(pick(BOTH_TEMPLATES), slots)
    return _fill(pick(ANATOMY_TEMPLATES if style < 0.94 else FULL_TEMPLATES), slots)


def all_words():
    """Every text that a caption can be made of: what the vocabulary is built from."""
    for table in (MODALITY_PHRASES, *ANATOMY.values(), NORMAL, *FINDING_PHRASES.values()):
        for phrases in table.values():
            yield from phrases
    for templates in (MODALITY_TEMPLATES, FINDING_TEMPLATES, BOTH_TEMPLATES, NORMAL_TEMPLATES, ANATOMY_TEMPLATES, FULL_TEMPLATES):
        for template in templates:
            yield template.replace("{m}", " ").replace("{f}", " ").replace("{a}", " ")
