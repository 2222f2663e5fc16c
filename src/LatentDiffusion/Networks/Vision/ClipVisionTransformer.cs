using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Patches with their positions, and the layers: what stands under <c>vision_model</c> in the published files.</summary>
internal sealed class ClipVisionTransformer : nn.Module<Tensor, (Tensor Last, Tensor Penultimate)>
{
    [ComponentName(Name = "embeddings")] private readonly Patches _embeddings;

    // The published name.
    [ComponentName(Name = "pre_layrnorm")] private readonly LayerNormLayer _preNorm;
    [ComponentName(Name = "encoder")] private readonly Encoder _encoder;
    [ComponentName(Name = "post_layernorm")] private readonly LayerNormLayer _postNorm;

    public ClipVisionTransformer(ClipVisionConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(ClipVisionTransformer)), 0)
    {
        _embeddings = new Patches(config, layers);
        _preNorm = layers.LayerNorm(config.HiddenSize, config.LayerNormEps);
        _encoder = new Encoder(config, layers);
        _postNorm = layers.LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>The output of the last layer, and that of the layer before it.</summary>
    public override (Tensor Last, Tensor Penultimate) forward(Tensor pixels)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor last, Tensor penultimate) = _encoder.forward(_preNorm.call(_embeddings.call(pixels)), int.MaxValue);
        return scope.MoveToOuter(last, penultimate);
    }

    /// <summary>The output of the last of the first <paramref name="layers"/> layers.</summary>
    public Tensor HiddenState(Tensor pixels, int layers)
    {
        using DisposeScope scope = NewDisposeScope();
        return _encoder.forward(_preNorm.call(_embeddings.call(pixels)), layers).Last.MoveToOuterDisposeScope();
    }

    /// <summary>The state of the whole image, which is the first, normalised.</summary>
    public Tensor Pool(Tensor hidden) => hidden.select(1, 0).Into(_postNorm.call);

    private sealed class Patches : nn.Module<Tensor, Tensor>
    {
        // CLIP's own initialisation (Radford et al. 2021).
        private const double StandardDeviation = 0.02;

        [ComponentName(Name = "class_embedding")] private readonly Parameter _whole;
        [ComponentName(Name = "patch_embedding")] private readonly Conv2dLayer _patches;
        [ComponentName(Name = "position_embedding")] private readonly Embedding _positions;
        private readonly int _size;

        public Patches(ClipVisionConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(Patches)), 0)
        {
            _size = config.ImageSize;
            _whole = layers.Parameter(StandardDeviation, config.HiddenSize);
            _patches = layers.Conv2d(config.NumChannels, config.HiddenSize, config.PatchSize, stride: config.PatchSize, bias: false);
            _positions = layers.Embedding(config.Tokens, config.HiddenSize, StandardDeviation);
            RegisterComponents();
        }

        public override Tensor forward(Tensor pixels)
        {
            if (pixels.shape is not [_, 3, var height, var width] || height != _size || width != _size)
            {
                throw new ArgumentException(
                    $"The pixels are [{string.Join(", ", pixels.shape)}]; expected [batch, 3, {_size}, {_size}].", nameof(pixels));
            }

            using DisposeScope scope = NewDisposeScope();
            Tensor patches = _patches.call(pixels).flatten(2).transpose(1, 2);
            Tensor whole = _whole.view(1, 1, -1).expand(pixels.shape[0], -1, -1), all = cat([whole, patches], 1);
            Tensor numbers = TensorArithmetic.Range(all.shape[1], ScalarType.Int64, all.device);
            return all.Add(_positions.call(numbers)).MoveToOuterDisposeScope();
        }
    }

    private sealed class Encoder : LayerGroup
    {
        [ComponentName(Name = "layers")] private readonly LayerList<ClipEncoderLayer> _layers = [];

        public Encoder(ClipVisionConfig config, LayerFactory layers) : base(nameof(Encoder))
        {
            var options = new ClipLayerOptions(
                config.HiddenSize, config.IntermediateSize, config.NumAttentionHeads, config.HiddenAct, config.LayerNormEps,
                IsCausal: false);
            for (int i = 0; i < config.NumHiddenLayers; i++) _layers.Add(new ClipEncoderLayer(options, layers));
            RegisterComponents();
        }

        public (Tensor Last, Tensor Penultimate) forward(Tensor hidden, int layers)
        {
            Tensor before = hidden;
            foreach (ClipEncoderLayer layer in _layers.Take(layers)) (before, hidden) = (hidden, layer.call(hidden));
            return (hidden, before);
        }
    }
}
