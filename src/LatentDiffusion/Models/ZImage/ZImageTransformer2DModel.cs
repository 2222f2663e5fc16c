using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The transformer of Z-Image (Tongyi-MAI 2025, S3-DiT): blocks that refine the tokens of image and caption, then blocks over both as one
/// stream. Parameter names are the published ones.
/// </summary>
public sealed class ZImageTransformer2DModel : nn.Module<ZImageInput, IReadOnlyList<Tensor>>, IGradientCheckpointing
{
    /// <summary>The most that the condition is wide.</summary>
    private const int MostConditionWidth = 256;

    [ComponentName(Name = "all_x_embedder")] private readonly NamedLayers<LinearLayer> _image;
    [ComponentName(Name = "all_final_layer")] private readonly NamedLayers<ZImageFinalLayer> _final;
    [ComponentName(Name = "noise_refiner")] private readonly LayerList<ZImageBlock> _imageBlocks = [];
    [ComponentName(Name = "context_refiner")] private readonly LayerList<ZImageBlock> _captionBlocks = [];
    [ComponentName(Name = "t_embedder")] private readonly ZImageTimeEmbedding _time;
    [ComponentName(Name = "cap_embedder")] private readonly LayerList<nn.Module<Tensor, Tensor>> _caption;
    [ComponentName(Name = "layers")] private readonly LayerList<ZImageBlock> _blocks = [];
    [ComponentName(Name = "x_pad_token")] private readonly Parameter _imagePad;
    [ComponentName(Name = "cap_pad_token")] private readonly Parameter _captionPad;
    private readonly RotaryEmbedding _rotary;
    private readonly LatentTokens _tokens;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for an option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public ZImageTransformer2DModel(ZImageTransformerConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal ZImageTransformer2DModel(ZImageTransformerConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(ZImageTransformer2DModel)), 0)
    {
        const double PadDeviation = 0.02;
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        CheckOptions(config);
        Config = config;
        int width = config.Dim, patch = config.AllPatchSize[0], channels = patch * patch * config.InChannels;
        int condition = Math.Min(width, MostConditionWidth);
        string name = $"{patch}-{config.AllFPatchSize[0]}";
        _image = new NamedLayers<LinearLayer>(name, layers.Linear(channels, width));
        _final = new NamedLayers<ZImageFinalLayer>(name, new ZImageFinalLayer(layers, width, condition, channels));
        for (int i = 0; i < config.NRefinerLayers; i++)
        {
            _imageBlocks.Add(new ZImageBlock(layers, config, condition));
            _captionBlocks.Add(new ZImageBlock(layers, config, conditionWidth: null));
        }

        _time = new ZImageTimeEmbedding(layers, condition);
        _caption = new LayerList<nn.Module<Tensor, Tensor>>(
            layers.RmsNorm(config.CapFeatDim, config.NormEps), layers.Linear(config.CapFeatDim, width));
        for (int i = 0; i < config.NLayers; i++) _blocks.Add(new ZImageBlock(layers, config, condition));
        _imagePad = layers.Parameter(PadDeviation, 1, width);
        _captionPad = layers.Parameter(PadDeviation, 1, width);
        _rotary = new RotaryEmbedding(config.AxesDims, config.RopeTheta);
        _tokens = new LatentTokens(patch, channelsLast: true);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public ZImageTransformerConfig Config { get; }

    /// <inheritdoc cref="UNet2DConditionModel.GradientCheckpointing"/>
    public bool GradientCheckpointing
    {
        get;
        set
        {
            field = value;
            foreach (ZImageBlock block in _imageBlocks.Concat(_captionBlocks).Concat(_blocks)) block.Recomputes = value;
        }
    }

    /// <summary>Evaluates the network.</summary>
    /// <returns>The prediction for each sample, [channels, 1, height, width].</returns>
    /// <exception cref="ArgumentException">Lists differ in length, or a caption or image is too large for the network.</exception>
    public override IReadOnlyList<Tensor> forward(ZImageInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Latents.Count == 0 || input.Latents.Count != input.Captions.Count || input.Timesteps.shape is not [var batch]
            || batch != input.Latents.Count)
        {
            string times = string.Join(", ", input.Timesteps.shape);
            throw new ArgumentException(
                $"There are {input.Latents.Count} latents, {input.Captions.Count} captions and [{times}] timesteps; "
                    + "expected as many of each, at least 1.",
                nameof(input));
        }

        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        ZImageSequence[] captions = [.. input.Captions.Select(Caption)];
        ZImageSequence[] images = [.. input.Latents.Zip(captions, (latents, caption) => Image(latents, 1 + caption.Count))];
        Tensor condition = _time.Embed(input.Timesteps.Multiply(Config.TScale), images[0].Tokens.dtype);

        images = ZImageSequence.Run(images, _imageBlocks, condition, _rotary);
        captions = ZImageSequence.Run(captions, _captionBlocks, condition, _rotary);
        ZImageSequence[] joint = [.. images.Zip(captions, (image, caption) => image.Followed(caption))];
        joint = ZImageSequence.Run(joint, _blocks, condition, _rotary);
        return [.. joint.Select((s, i) => Predicted(s.Tokens, input.Latents[i], condition.narrow(0, i, 1)).MoveToOuterDisposeScope())];
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    private static void CheckOptions(ZImageTransformerConfig config)
    {
        if (config is not { AllPatchSize.Length: 1, AllFPatchSize: [1] })
        {
            string patches = string.Join(", ", config.AllPatchSize), frames = string.Join(", ", config.AllFPatchSize);
            throw new NotSupportedException(
                $"all_patch_size is [{patches}] and all_f_patch_size [{frames}]; expected one size each, the latter 1.");
        }

        if (config.NKvHeads != config.NHeads)
            throw new NotSupportedException($"n_kv_heads is {config.NKvHeads}; expected n_heads, {config.NHeads}.");
        ConfigRules.Unset("siglip_feat_dim", config.SiglipFeatDim is null, config.SiglipFeatDim);
    }

    /// <summary>Caption tokens are at 1, 2, … on the first axis, their padding too.</summary>
    private ZImageSequence Caption(Tensor hiddenStates)
    {
        long count = hiddenStates.shape[0], padded = ZImageSequence.Padded(count);
        CheckPosition(padded, axis: 0, "tokens of a caption");
        Tensor tokens = _caption[1].call(_caption[0].call(hiddenStates));
        return new ZImageSequence(Padded(tokens, padded, _captionPad), TokenPositions.Line(padded, _rotary.Axes, axis: 0, start: 1));
    }

    /// <summary>Image tokens are behind the caption on the first axis, at their rows and columns; their padding is at the origin.</summary>
    /// <param name="latents">[channels, 1, height, width].</param>
    /// <param name="first">Position on the first axis.</param>
    private ZImageSequence Image(Tensor latents, long first)
    {
        int patch = Config.AllPatchSize[0];
        long rows = latents.shape[2] / patch, columns = latents.shape[3] / patch, padded = ZImageSequence.Padded(rows * columns);
        CheckPosition(rows - 1, axis: 1, "rows of patches");
        CheckPosition(columns - 1, axis: 2, "columns of patches");
        Tensor tokens = _image.Layer.call(_tokens.Pack(latents.squeeze(1).unsqueeze(0)).squeeze(0));
        Tensor positions = cat([
            TokenPositions.Grid(rows, columns, _rotary.Axes, first), TokenPositions.Zero(padded - rows * columns, _rotary.Axes)]);
        return new ZImageSequence(Padded(tokens, padded, _imagePad), positions);
    }

    private Tensor Predicted(Tensor tokens, Tensor latents, Tensor condition)
    {
        int patch = Config.AllPatchSize[0];
        long height = latents.shape[2], width = latents.shape[3], count = height / patch * (width / patch);
        Tensor patches = _final.Layer.Run(tokens.narrow(0, 0, count).unsqueeze(0), condition);
        return _tokens.Unpack(patches, height, width).squeeze(0).unsqueeze(1);
    }

    private void CheckPosition(long position, int axis, string what)
    {
        int positions = Config.AxesLens[axis];
        if (position >= positions)
            throw new ArgumentException($"There are too many {what}: {position} is beyond the {positions} positions of axes_lens.");
    }

    private static Tensor Padded(Tensor tokens, long count, Tensor pad) =>
        tokens.shape[0] == count ? tokens : cat([tokens, pad.expand(count - tokens.shape[0], -1)]);
}
