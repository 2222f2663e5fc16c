using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A layer of the resampler: the queries attend to the image and to themselves, and go through a feed-forward, each added to its input.
/// In the published files they are a pair without names.
/// </summary>
internal sealed class ResamplerLayer : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "0")] private readonly Attention _attention;
    [ComponentName(Name = "1")] private readonly FeedForwardLayers _feedForward;

    public ResamplerLayer(LayerFactory layers, ImageResamplerOptions options) : base(NativeModule.Create(nameof(ResamplerLayer)), 0)
    {
        _attention = new Attention(layers, options);
        _feedForward = new FeedForwardLayers(layers, options);
        RegisterComponents();
    }

    /// <param name="latents">The queries, [images, tokens, width].</param>
    /// <param name="image">[images, states, width].</param>
    public override Tensor forward(Tensor latents, Tensor image)
    {
        using DisposeScope scope = NewDisposeScope();
        latents = latents.Add(_attention.call(latents, image));
        return latents.Add(_feedForward.call(latents)).MoveToOuterDisposeScope();
    }

    private sealed class Attention : nn.Module<Tensor, Tensor, Tensor>
    {
        [ComponentName(Name = "norm1")] private readonly LayerNormLayer _imageNorm;
        [ComponentName(Name = "norm2")] private readonly LayerNormLayer _latentNorm;
        [ComponentName(Name = "to_q")] private readonly LinearLayer _query;
        [ComponentName(Name = "to_kv")] private readonly LinearLayer _keyAndValue;
        [ComponentName(Name = "to_out")] private readonly LinearLayer _out;
        private readonly int _heads;

        public Attention(LayerFactory layers, ImageResamplerOptions options) : base(NativeModule.Create(nameof(Attention)), 0)
        {
            _heads = (int)(options.AttentionWidth / ImageResampler.HeadWidth);
            _imageNorm = layers.LayerNorm(options.InnerWidth);
            _latentNorm = layers.LayerNorm(options.InnerWidth);
            _query = layers.Linear(options.InnerWidth, options.AttentionWidth, bias: false);
            _keyAndValue = layers.Linear(options.InnerWidth, 2 * options.AttentionWidth, bias: false);
            _out = layers.Linear(options.AttentionWidth, options.InnerWidth, bias: false);
            RegisterComponents();
        }

        public override Tensor forward(Tensor latents, Tensor image)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor own = _latentNorm.call(latents);
            Tensor[] both = _keyAndValue.call(cat([_imageNorm.call(image), own], 1)).chunk(2, -1);
            Tensor attended = AttentionHeads.Attend(_query.call(own), both[0].contiguous(), both[1].contiguous(), _heads);
            return _out.call(attended).MoveToOuterDisposeScope();
        }
    }

    private sealed class FeedForwardLayers : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "0")] private readonly LayerNormLayer _norm;
        [ComponentName(Name = "1")] private readonly LinearLayer _first;
        [ComponentName(Name = "3")] private readonly LinearLayer _second;

        public FeedForwardLayers(LayerFactory layers, ImageResamplerOptions options)
            : base(NativeModule.Create(nameof(FeedForwardLayers)), 0)
        {
            _norm = layers.LayerNorm(options.InnerWidth);
            _first = layers.Linear(options.InnerWidth, options.FeedForwardWidth, bias: false);
            _second = layers.Linear(options.FeedForwardWidth, options.InnerWidth, bias: false);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            return _second.call(nn.functional.gelu(_first.call(_norm.call(input)))).MoveToOuterDisposeScope();
        }
    }
}
