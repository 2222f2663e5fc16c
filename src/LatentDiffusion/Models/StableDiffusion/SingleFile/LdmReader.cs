using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Reads the networks of one file with the names of the original latent-diffusion code. A file may lack its autoencoder or text
/// encoders; the U-Net must be there.
/// </summary>
internal sealed class LdmReader : IDisposable
{
    /// <summary>XL's refiner: a pooled text of 1280 values, and five numbers of 256 each.</summary>
    private const int RefinerAddedWidth = 2560;

    private static readonly string[] s_prefixes =
    [
        LdmNames.UNet, LdmNames.Autoencoder,
        LdmNames.Clip, LdmNames.OpenClip, LdmNames.ClipXL, LdmNames.OpenClipXL, LdmNames.OpenClipRefiner,
    ];

    private readonly ITensorSource _file;
    private readonly SingleFileOptions _model;
    private readonly AutoencoderKLConfig? _unstated;
    private readonly SingleFileSections _sections;
    private readonly SingleFileNetworks _networks;

    /// <param name="file">The file.</param>
    /// <param name="options">How it is loaded.</param>
    /// <param name="model">Settings that the file does not contain.</param>
    public LdmReader(ITensorSource file, CheckpointOptions options, SingleFileOptions model)
    {
        (_file, _model, _unstated) = (file, model, options.UnstatedLatents);
        _sections = new SingleFileSections(file, new SingleFileFilter(model, options.Logger), LdmNames.IsNote);
        _networks = new SingleFileNetworks(file, options, _sections);
    }

    public ModelComponents Read()
    {
        BpeVocabulary? vocabulary = _model.Vocabulary ?? (HasText ? new SingleFileTokenizers(_file, _model).OpenClip() : null);
        _sections.RefuseOthers(s_prefixes);
        var markers = new LdmMarkers(_file);
        UNet2DConditionModel unet = _networks.Load(
            new LdmUNet(_sections[LdmNames.UNet]).Tensors(), (source, layers) => new UNet2DConditionModel(UNetConfig(source), layers));
        bool xl = unet.Config.AdditionEmbedType == "text_time", second = Has(LdmNames.OpenClip) || (unet.Config.UseLinearProjection && !xl);
        bool refiner = Has(LdmNames.OpenClipRefiner) || (!HasText && unet.Config.ProjectionClassEmbeddingsInputDim == RefinerAddedWidth);
        AutoencoderKL? autoencoder = Has(LdmNames.Autoencoder)
            ? Autoencoder(LdmNames.Autoencoder, xl ? PublishedLatents.StableDiffusionXL : PublishedLatents.StableDiffusion)
            : null;
        ClipTextModel? text = FirstTower(second), text2 = SecondTower();
        PredictionType prediction = _model.PredictionType ?? markers.Prediction
            ?? (second && unet.Config.InChannels == 4 ? PredictionType.Velocity : PredictionType.Epsilon);
        SchedulerConfig scheduler = markers.Scheduler(PublishedModels.Scheduler(xl, unet.Config.TimeCondProjDim is not null, prediction));
        string pipelineClass = PublishedModels.PipelineClass(unet.Config, xl, refiner);
        var components = new ModelComponents(ModelFamilies.StableDiffusion, pipelineClass, scheduler)
        {
            [ComponentNames.UNet] = unet,
            [ComponentNames.Autoencoder] = autoencoder,
            [ComponentNames.TextEncoder] = text,
            [ComponentNames.TextEncoder2] = text2,
            [ComponentNames.Tokenizer] = Tokenizer(vocabulary, text, open: second),
            [ComponentNames.Tokenizer2] = Tokenizer(vocabulary, text2, open: true),
            Settings = PublishedModels.Settings(xl, refiner),
            IsPartial = true,
        };
        _networks.Release();
        return components;
    }

    /// <summary>An autoencoder on its own, or that of a whole model.</summary>
    public nn.Module<Tensor, Tensor> ReadAutoencoder()
    {
        string prefix = Has(LdmNames.Autoencoder) ? LdmNames.Autoencoder : "";
        Dictionary<string, TensorEntry> stored = _sections[prefix];
        if (LdmAutoencoder.IsFlux2(stored))
        {
            return Only(_networks.Load(
                LdmAutoencoder.Tensors(stored), (source, layers) => new AutoencoderKLFlux2(LdmAutoencoder.InferFlux2(source), layers)));
        }

        return Only(Autoencoder(prefix, Latents(stored, isWhole: prefix.Length > 0)));
    }

    /// <summary>A ControlNet on its own, or next to a whole model: a union ControlNet where it has embeddings of control types.</summary>
    public nn.Module ReadControlNet()
    {
        Dictionary<string, TensorEntry> stored = _sections[Has(LdmNames.ControlNet) ? LdmNames.ControlNet : ""];
        IEnumerable<MappedTensor> tensors = LdmControlNet.Tensors(stored);
        return LdmControlNet.IsUnion(stored)
            ? Only(_networks.Load(tensors, (source, layers) => new ControlNetUnionModel(LdmControlNet.InferUnion(source), layers)))
            : Only(_networks.Load(tensors, (source, layers) => new ControlNetModel(LdmControlNet.Infer(source), layers)));
    }

    /// <summary>A T2I-Adapter in a separate file.</summary>
    public T2IAdapterModel ReadT2IAdapter() => Only(_networks.Load(
        LdmT2IAdapter.Tensors(_file.Path, _sections[""]), (source, layers) => new T2IAdapterModel(LdmT2IAdapter.Infer(source), layers)));

    /// <summary>Disposes the components that were built before a failure.</summary>
    public void Dispose() => _networks.Dispose();

    /// <summary>
    /// Whose latents an autoencoder has. The weights of those with 16 channels do not tell Stable Diffusion 3 and FLUX.1 apart: it is
    /// FLUX.1's unless the file has a model of the other, or its header names it.
    /// </summary>
    private PublishedLatents Latents(Dictionary<string, TensorEntry> stored, bool isWhole)
    {
        const int WideLatents = 16;
        if (stored.GetValueOrDefault("decoder.conv_in.weight") is { Shape: [_, WideLatents, ..] })
        {
            bool third = isWhole || Architecture.Contains("stable-diffusion-v3", StringComparison.OrdinalIgnoreCase);
            return third ? PublishedLatents.StableDiffusion3 : PublishedLatents.Flux;
        }

        bool xl = isWhole ? Has(LdmNames.UNet + "label_emb.") : Architecture.Contains("xl", StringComparison.OrdinalIgnoreCase);
        return xl ? PublishedLatents.StableDiffusionXL : PublishedLatents.StableDiffusion;
    }

    private AutoencoderKL Autoencoder(string prefix, PublishedLatents latents) => _networks.Load(
        LdmAutoencoder.Tensors(_sections[prefix]),
        (source, layers) =>
        {
            AutoencoderKLConfig config = _model.Config<AutoencoderKLConfig>(ComponentNames.Autoencoder)
                ?? WithLatents(LdmAutoencoder.Infer(source, latents));
            return new AutoencoderKL(new LdmMarkers(_file).Autoencoder(config), layers);
        });

    /// <summary>An autoencoder that replaces a model's, in a file that does not say whose latents it has, has the model's.</summary>
    private AutoencoderKLConfig WithLatents(AutoencoderKLConfig config)
    {
        bool isStated = Has(LdmNames.UNet) || Architecture.Length > 0;
        if (isStated || _unstated is not { } latents || latents.LatentChannels != config.LatentChannels) return config;
        return config with
        {
            ScalingFactor = latents.ScalingFactor, ShiftFactor = latents.ShiftFactor, LatentsMean = latents.LatentsMean,
            LatentsStd = latents.LatentsStd,
        };
    }

    /// <summary>The architecture that the header names; empty for none.</summary>
    private string Architecture => _file.Texts.GetValueOrDefault("modelspec.architecture") ?? "";

    /// <summary>OpenCLIP pads with its first token, CLIP with the end token.</summary>
    private static ClipTokenizerFiles? Tokenizer(BpeVocabulary? vocabulary, ClipTextModel? tower, bool open) =>
        tower is null || vocabulary is null
            ? null
            : new ClipTokenizerFiles(
                vocabulary, tower.Config.MaxPositionEmbeddings, open ? LdmText.OpenClipPadding : BpeVocabulary.EndToken);

    private ClipTextModel? FirstTower(bool second)
    {
        string? prefix = new[] { LdmNames.OpenClip, LdmNames.ClipXL, LdmNames.Clip }.FirstOrDefault(Has);
        if (prefix is null) return null;
        MappedTensor[] tensors = LdmText.Tensors(_sections[prefix]);
        return second
            ? Text(LdmText.Truncated(tensors), ComponentNames.TextEncoder, "gelu", projection: false)
            : Text(LdmText.WithoutProjection(tensors), ComponentNames.TextEncoder, "quick_gelu", projection: false);
    }

    private ClipTextModel? SecondTower()
    {
        string? prefix = new[] { LdmNames.OpenClipXL, LdmNames.OpenClipRefiner }.FirstOrDefault(Has);
        return prefix is null ? null : Text(LdmText.Tensors(_sections[prefix]), ComponentNames.TextEncoder2, "gelu", projection: true);
    }

    private ClipTextModel Text(IEnumerable<MappedTensor> tensors, string name, string activation, bool projection) => _networks.Load(
        tensors,
        (source, layers) =>
            new ClipTextModel(_model.Config<ClipTextConfig>(name) ?? LdmText.Infer(source, activation), projection, layers));

    private UNet2DConditionConfig UNetConfig(ITensorSource source) =>
        _model.Config<UNet2DConditionConfig>(ComponentNames.UNet) ?? new LdmUNetConfig(source).Infer();

    private bool HasText => s_prefixes[2..].Any(Has);

    private T Only<T>(T network)
    {
        _networks.Release();
        return network;
    }

    private bool Has(string prefix) => _sections.Has(prefix);
}
