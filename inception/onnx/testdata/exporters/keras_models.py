"""Small Keras networks by way of tf2onnx, which makes them N × H × W × C:

    pip install tensorflow-cpu tf2onnx onnxruntime && python keras_models.py
"""

import numpy as np

np.bool, np.object, np.cast = bool, object, {np.float32: np.float32}  # tf2onnx 1.17 is older than NumPy 2

import tensorflow as tf
import tf2onnx

from save import save

K, L = tf.keras, tf.keras.layers
gelu = lambda t: tf.nn.gelu(t, approximate=True)


def mobile():
    i = K.Input((20, 16, 3))
    x = L.Rescaling(1 / 127.5, -1)(i)
    x = L.ReLU(6)(L.BatchNormalization()(L.Conv2D(8, 3, 2, "same", use_bias=False)(x)))
    x = L.Activation("swish")(L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same")(x)))
    y = L.Conv2D(8, 1, activation="hard_sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(x))
    x = L.ZeroPadding2D(((0, 1), (0, 1)))(L.Multiply()([x, y]))
    x = L.MaxPooling2D(2, padding="same")(L.SeparableConv2D(12, 3, 2, "valid", activation=gelu)(x))
    return K.Model(i, L.Dense(10, "softmax")(L.Dropout(0.2)(L.Flatten()(x))))


def unet():
    i = K.Input((16, 16, 3))
    a = L.Conv2D(6, 3, padding="same", activation="relu")(i)
    b = L.Conv2D(8, 3, 2, "same", activation="elu")(a)
    c = L.LayerNormalization()(L.Conv2D(8, 3, 2, "same", activation="leaky_relu")(b))
    u = L.Concatenate()([L.Conv2DTranspose(8, 3, 2, "same")(c), b])
    u = L.Concatenate()([L.UpSampling2D(2, interpolation="bilinear")(u), a])
    m = L.Conv2D(4, 1)(u)
    return K.Model(i, [L.Softmax()(m), L.Lambda(lambda t: tf.argmax(t, -1), output_shape=(16, 16))(m)])


def residual():
    i = K.Input((15, 15, 3))
    x = L.Conv2D(8, 3, padding="same")(i)
    for d in (1, 2):
        y = L.Conv2D(8, 3, padding="same", dilation_rate=d)(L.PReLU(shared_axes=[1, 2])(L.GroupNormalization(2)(x)))
        x = L.Add()([x, y])
    x = L.Cropping2D(1)(L.AveragePooling2D(3, 2, "same")(x))
    return K.Model(i, L.Dense(5)(L.GlobalMaxPooling2D()(x)))


def mixer():
    i = K.Input((8, 8, 4))
    x = L.Reshape((16, 6))(L.Conv2D(6, 2, 2)(i))
    y = L.Permute((2, 1))(L.Dense(16, gelu)(L.Permute((2, 1))(L.LayerNormalization()(x))))
    return K.Model(i, L.Dense(3)(L.GlobalAveragePooling1D()(L.Add()([x, y]))))


K.utils.set_random_seed(1)
for build, opset in (mobile, 11), (mobile, 18), (unet, 13), (residual, 13), (residual, 17), (mixer, 15):
    m = build()
    x = np.random.normal(size=(2, *m.input_shape[1:])).astype(np.float32)
    if build is mobile:
        x = np.random.randint(0, 256, x.shape).astype(np.float32)
    spec = (tf.TensorSpec((None, *m.input_shape[1:]), tf.float32, name="x"),)
    fn = tf.function(lambda x: m(x, training=False), input_signature=spec)
    model, _ = tf2onnx.convert.from_function(fn, input_signature=spec, opset=opset)
    save(f"keras_{build.__name__}_{opset}", model.SerializeToString(), x)
