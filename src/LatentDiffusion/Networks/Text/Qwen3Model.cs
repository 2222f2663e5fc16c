using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Qwen3 as an encoder: the hidden states of its layers (Yang et al. 2025). Parameter names are the published ones of
/// <c>Qwen3ForCausalLM</c> without the head that predicts tokens. A network with fewer layers than the configuration has gives
/// only earlier hidden states and takes less memory.
/// </summary>
public sealed class Qwen3Model : nn.Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "model")] private readonly Decoder _model;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="depth">How many of its layers it has; null for all. With fewer it has no final normalisation.</param>
    /// <exception cref="NotSupportedException">The configuration asks for an activation or option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself, or the depth is not from 0 to its layers.</exception>
    public Qwen3Model(Qwen3Config config, int? depth = null) : this(config, depth, LayerFactory.Random)
    {
    }

    internal Qwen3Model(Qwen3Config config, int? depth, LayerFactory layers) : base(NativeModule.Create(nameof(Qwen3Model)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        ConfigRules.Unset("rope_scaling", config.RopeScaling is null, config.RopeScaling?.ToJsonString());
        ConfigRules.Known("rope_type", config.RopeParameters?.RopeType ?? "default", "default");
        ConfigRules.Unset("attention_dropout", config.AttentionDropout == 0, config.AttentionDropout);
        ConfigRules.Unset("use_sliding_window", !config.UseSlidingWindow, config.UseSlidingWindow);
        Depth = depth ?? config.NumHiddenLayers;
        if (Depth < 0 || Depth > config.NumHiddenLayers)
            throw new ArgumentOutOfRangeException(nameof(depth), depth, $"The network has {config.NumHiddenLayers} layers.");
        Config = config;
        _model = new Decoder(config, Depth, layers);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public Qwen3Config Config { get; }

    /// <summary>How many of the configuration's layers it has.</summary>
    public int Depth { get; }

    /// <summary>The hidden states of the last layer that the network has, normalised if that is the configuration's last.</summary>
    /// <param name="ids">Token ids, [batch, tokens], int64.</param>
    /// <param name="mask">1 for tokens that may be attended to and 0 for others, [batch, tokens]; null for all.</param>
    /// <returns>[batch, tokens, width], also for tokens that are masked.</returns>
    public override Tensor forward(Tensor ids, Tensor? mask) => HiddenStates(ids, mask, Depth)[0];

    /// <summary>The hidden states of layers. Later layers are not evaluated.</summary>
    /// <param name="ids">Token ids, [batch, tokens], int64.</param>
    /// <param name="mask">1 for tokens that may be attended to and 0 for others, [batch, tokens]; null for all.</param>
    /// <param name="layers">
    /// Which, in any order: 0 for the embeddings, k for the output of layer k counted from 1. The last of the configuration is
    /// normalised, the others are not.
    /// </param>
    /// <returns>For each of <paramref name="layers"/>, [batch, tokens, width], also for tokens that are masked.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The network does not have a layer.</exception>
    public IReadOnlyList<Tensor> HiddenStates(Tensor ids, Tensor? mask, params IReadOnlyList<int> layers)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(layers);
        foreach (int layer in layers)
        {
            if (layer < 0 || layer > Depth)
                throw new ArgumentOutOfRangeException(nameof(layers), layer, $"The network gives the hidden states 0 to {Depth}.");
        }

        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        Dictionary<int, Tensor> states = _model.Run(ids, mask, [.. layers]);
        // A layer that is asked for twice is two tensors, so that each can be disposed.
        Tensor[] asked = [.. layers.Select((layer, i) => layers.Take(i).Contains(layer) ? states[layer].alias() : states[layer])];
        foreach (Tensor state in asked) state.MoveToOuterDisposeScope();
        return asked;
    }

    /// <summary>What stands under <c>model</c> in the published files.</summary>
    private sealed class Decoder : LayerGroup
    {
        [ComponentName(Name = "embed_tokens")] private readonly nn.Module<Tensor, Tensor> _embedding;
        [ComponentName(Name = "layers")] private readonly LayerList<Qwen3Layer> _layers = [];
        [ComponentName(Name = "norm")] private readonly RmsNormLayer? _norm;
        private readonly RotaryHalves _rotary;

        public Decoder(Qwen3Config config, int depth, LayerFactory layers) : base(nameof(Decoder))
        {
            _rotary = new RotaryHalves(config.HeadDim, config.Theta);
            _embedding = layers.TokenTable(config.VocabSize, config.HiddenSize, standardDeviation: 0.02);
            for (int i = 0; i < depth; i++) _layers.Add(new Qwen3Layer(config, layers));
            if (depth == config.NumHiddenLayers) _norm = layers.RmsNorm(config.HiddenSize, config.RmsNormEps);
            RegisterComponents();
        }

        public Dictionary<int, Tensor> Run(Tensor ids, Tensor? mask, HashSet<int> asked)
        {
            var states = new Dictionary<int, Tensor>();
            Tensor hidden = _embedding.call(ids);
            if (asked.Contains(0)) states.Add(0, hidden);
            int last = asked.Count == 0 ? 0 : asked.Max();
            if (last == 0) return states;
            long tokens = ids.shape[1];
            (Tensor cosine, Tensor sine) = _rotary.TablesFor(tokens, hidden.dtype, hidden.device);
            // Attention on a CPU is in float32 and converts it once more than here.
            Tensor bias = AttentionMask.CausalBias(mask, tokens, hidden.dtype, hidden.device);
            for (int layer = 1; layer <= last; layer++)
            {
                Tensor input = hidden;
                hidden = _layers[layer - 1].forward(input, cosine, sine, bias);
                if (!asked.Contains(layer - 1)) input.Dispose();
                if (asked.Contains(layer)) states.Add(layer, layer == _layers.Count && _norm is not null ? _norm.call(hidden) : hidden);
            }

            return states;
        }
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
