"""The networks of the zoo: how each is made, its input, opset and exporter. No weights are downloaded."""

import timm
import torch
import torchvision.models as tv
from torch import nn
from torch.nn import functional as F


def vision(name, **more):
    return lambda: getattr(tv, name)(weights=None, num_classes=100, **more)


def segmentation(name):
    class First(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = getattr(tv.segmentation, name)(weights=None, weights_backbone=None, num_classes=5)

        def forward(self, x):
            return self.net(x)["out"]

    return First


def timms(name, **more):
    return lambda: timm.create_model(name, pretrained=False, num_classes=100, exportable=True, **more)


def narrow_head(net, features):
    """The fully connected layers of a network of 2012 to 2014, a sixteenth as wide."""
    net.classifier = nn.Sequential(nn.Linear(features, 256), nn.ReLU(), nn.Linear(256, 100))
    net.avgpool = nn.Identity()
    return net


def block(i, o, k=3, s=1, act=nn.ReLU):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o), act())


class UNet(nn.Module):
    """Two levels; up by a transposed convolution, or by interpolation."""

    def __init__(self, transposed):
        super().__init__()
        self.down = nn.ModuleList([nn.Sequential(block(i, o), block(o, o)) for i, o in ((3, 16), (16, 32), (32, 64))])
        up = (lambda i, o: nn.ConvTranspose2d(i, o, 2, 2)) if transposed else (
            lambda i, o: nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), nn.Conv2d(i, o, 1)))
        self.up = nn.ModuleList([up(64, 32), up(32, 16)])
        self.merge = nn.ModuleList([nn.Sequential(block(2 * c, c), block(c, c)) for c in (32, 16)])
        self.last = nn.Conv2d(16, 4, 1)

    def forward(self, x):
        a = self.down[0](x)
        b = self.down[1](F.max_pool2d(a, 2))
        c = self.down[2](F.max_pool2d(b, 2))
        b = self.merge[0](torch.cat([b, self.up[0](c)], 1))
        a = self.merge[1](torch.cat([a, self.up[1](b)], 1))
        return torch.sigmoid(self.last(a))


class ESPCN(nn.Module):
    """Super-resolution by a factor of 3: convolutions, then channels become pixels."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 64, 5, 1, 2), nn.Tanh(), nn.Conv2d(64, 32, 3, 1, 1), nn.Tanh(), nn.Conv2d(32, 9, 3, 1, 1), nn.PixelShuffle(3))

    def forward(self, x):
        return self.net(x)


class C2f(nn.Module):
    def __init__(self, i, o, n):
        super().__init__()
        self.first, self.last = block(i, o, 1, act=nn.SiLU), block((2 + n) * o // 2, o, 1, act=nn.SiLU)
        self.rest = nn.ModuleList([nn.Sequential(block(o // 2, o // 2, act=nn.SiLU), block(o // 2, o // 2, act=nn.SiLU)) for _ in range(n)])

    def forward(self, x):
        y = list(self.first(x).chunk(2, 1))
        for m in self.rest:
            y.append(y[-1] + m(y[-1]))
        return self.last(torch.cat(y, 1))


class Detector(nn.Module):
    """A one-stage detector: split bottlenecks, a pyramid of pools, heads of two sizes, boxes as expected distances, all in one tensor."""

    def __init__(self, classes=6, bins=8):
        super().__init__()
        self.classes, self.bins = classes, bins
        self.a = nn.Sequential(block(3, 16, 3, 2, nn.SiLU), block(16, 32, 3, 2, nn.SiLU), C2f(32, 32, 1), block(32, 64, 3, 2, nn.SiLU), C2f(64, 64, 2))
        self.b = nn.Sequential(block(64, 96, 3, 2, nn.SiLU), C2f(96, 96, 1))
        self.pre, self.post = block(96, 48, 1, act=nn.SiLU), block(192, 96, 1, act=nn.SiLU)
        self.boxes = nn.ModuleList([nn.Sequential(block(c, 32, act=nn.SiLU), nn.Conv2d(32, 4 * bins, 1)) for c in (64, 96)])
        self.kinds = nn.ModuleList([nn.Sequential(block(c, 32, act=nn.SiLU), nn.Conv2d(32, classes, 1)) for c in (64, 96)])

    def forward(self, x):
        a = self.a(x)
        p = [self.pre(self.b(a))]
        for _ in range(3):
            p.append(F.max_pool2d(p[-1], 5, 1, 2))
        maps = (a, self.post(torch.cat(p, 1)))
        flat = [torch.cat([b(m), k(m)], 1).flatten(2) for m, b, k in zip(maps, self.boxes, self.kinds)]
        box, kind = torch.cat(flat, 2).split((4 * self.bins, self.classes), 1)
        n, _, cells = box.shape
        box = box.view(n, 4, self.bins, cells).transpose(1, 2).softmax(1)
        box = (box * torch.arange(self.bins, dtype=torch.float32).view(1, -1, 1, 1)).sum(1)
        return torch.cat([box, kind.sigmoid()], 1)


class Reader(nn.Module):
    """A text line reader: depthwise stages that shrink the height only, then one row, its axes swapped, and a class for each column."""

    def __init__(self):
        super().__init__()
        layers, c = [block(3, 16, 3, 2, nn.Hardswish)], 16
        for o, s in ((32, (1, 1)), (64, (2, 1)), (64, (1, 1)), (128, (2, 1)), (160, (2, 1))):
            layers += [nn.Conv2d(c, c, 3, s, 1, groups=c, bias=False), nn.BatchNorm2d(c), nn.Hardswish(), block(c, o, 1, act=nn.Hardswish)]
            c = o
        self.net, self.head = nn.Sequential(*layers), nn.Linear(c, 40)

    def forward(self, x):
        x = F.avg_pool2d(self.net(x), (2, 1))
        x = x.squeeze(2).permute(0, 2, 1)
        return self.head(x).softmax(2)


s64, s32, s96 = (1, 3, 64, 64), (1, 3, 32, 32), (1, 3, 96, 96)

# Name: how it is made, the input, the opset, whether the newer exporter is used, where it comes from.
all = {}
for name, build, shape, opset, dynamo in (
    ("alexnet", lambda: narrow_head(tv.alexnet(weights=None), 256), s64, 9, False),
    ("convnext_tiny", vision("convnext_tiny"), s32, 17, False),
    ("deeplabv3_mobilenet_v3_large", segmentation("deeplabv3_mobilenet_v3_large"), s64, 13, False),
    ("densenet121", vision("densenet121"), s32, 12, False),
    ("efficientnet_b0", vision("efficientnet_b0"), s64, 14, False),
    ("efficientnet_v2_s", vision("efficientnet_v2_s"), s32, 17, False),
    ("fcn_resnet50", segmentation("fcn_resnet50"), s32, 16, False),
    ("googlenet", vision("googlenet", aux_logits=False, init_weights=False), s64, 11, False),
    ("inception_v3", vision("inception_v3", aux_logits=False, init_weights=False), s96, 15, False),
    ("lraspp_mobilenet_v3_large", segmentation("lraspp_mobilenet_v3_large"), s64, 17, False),
    ("mnasnet0_5", vision("mnasnet0_5"), s64, 11, False),
    ("mobilenet_v2", vision("mobilenet_v2"), s64, 10, False),
    ("mobilenet_v2_dynamo", vision("mobilenet_v2"), s64, 18, True),
    ("mobilenet_v3_small", vision("mobilenet_v3_small"), s64, 13, False),
    ("mobilenet_v3_small_dynamo", vision("mobilenet_v3_small"), s64, 20, True),
    ("regnet_y_400mf", vision("regnet_y_400mf"), s64, 17, False),
    ("resnet18", vision("resnet18"), s64, 9, False),
    ("resnet18_dynamo", vision("resnet18"), s64, 18, True),
    ("resnext50_32x4d", vision("resnext50_32x4d"), s32, 13, False),
    ("shufflenet_v2_x0_5", vision("shufflenet_v2_x0_5"), s64, 13, False),
    ("shufflenet_v2_x1_0_dynamo", vision("shufflenet_v2_x1_0"), s64, 18, True),
    ("squeezenet1_1", vision("squeezenet1_1"), s64, 12, False),
    ("vgg11_bn", lambda: narrow_head(tv.vgg11_bn(weights=None), 2048), s64, 11, False),
    ("wide_resnet50_2", vision("wide_resnet50_2"), s32, 14, False),
):
    all[name] = build, shape, opset, dynamo, "torchvision"
for name, shape, opset, dynamo in (
    ("convnextv2_atto", s32, 17, False),
    ("eca_resnext26ts", s32, 13, False),
    ("edgenext_xx_small", s64, 17, False),
    ("gcresnext26ts", s32, 13, False),
    ("inception_next_atto", s64, 17, False),
    ("mobilevit_xxs", s64, 17, False),
    ("poolformerv2_s12", s32, 17, False),
    ("cspdarknet53", s32, 13, False),
    ("cspresnet50", s32, 15, False),
    ("dla34", s32, 11, False),
    ("dpn68", s64, 12, False),
    ("efficientnet_lite0", s64, 9, False),
    ("ese_vovnet19b_dw", s64, 13, False),
    ("fbnetc_100", s64, 10, False),
    ("gernet_s", s32, 16, False),
    ("ghostnet_100", s64, 13, False),
    ("hardcorenas_a", s64, 14, False),
    ("hrnet_w18_small", s32, 13, False),
    ("lcnet_050", s64, 17, False),
    ("mixnet_s", s64, 13, False),
    ("mobilenetv4_conv_small", s64, 18, False),
    ("mobileone_s0", s64, 13, False),
    ("repghostnet_050", s64, 14, False),
    ("repvgg_a0", s32, 9, False),
    ("res2net50_26w_4s", s32, 11, False),
    ("resnest14d", s64, 13, False),
    ("resnetv2_18", s64, 17, False),
    ("rexnet_100", s64, 13, False),
    ("selecsls42b", s32, 11, False),
    ("seresnet18", s32, 13, False),
    ("skresnet18", s32, 13, False),
    ("starnet_s1", s64, 17, False),
    ("tf_efficientnetv2_b0", s64, 17, False),
    ("xception41", s32, 13, False),
):
    all[name] = timms(name), shape, opset, dynamo, "timm"
for name, build, shape, opset, dynamo in (
    ("detector", Detector, s64, 17, False),
    ("detector_dynamo", Detector, s64, 18, True),
    ("espcn", ESPCN, (1, 1, 24, 20), 13, False),
    ("reader", Reader, (1, 3, 32, 96), 13, False),
    ("unet_interpolated", lambda: UNet(False), (1, 3, 32, 48), 13, False),
    ("unet_transposed", lambda: UNet(True), (1, 3, 32, 48), 13, False),
):
    all[name] = build, shape, opset, dynamo, "this project"
