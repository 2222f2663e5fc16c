using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines.Soak;

/// <summary>
/// Small models of four kinds whose weights follow from their names, and pipelines over them: those of one kind share its weights.
/// </summary>
internal sealed class SoakModels : IDisposable
{
    private const int Width = 16, Window = 16;

    private static readonly BpeVocabulary s_vocabulary = BpeTrainer.Train(["a drawing of a star", "a blue bird"], 560);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("latent-diffusion-soak-");
    private readonly DiffusionModel _plain, _inpainting, _towers;
    private readonly List<DiffusionPipeline> _pipelines = [];

    /// <summary>Makes the models, and pipelines with several schedulers over each.</summary>
    /// <param name="drawings">Whether the shipped model of drawings is one of them.</param>
    public SoakModels(bool drawings = false)
    {
        ModelComponents plain = Components(channels: 4, towers: 1, controlled: true);
        DiffusersFolder.Write(plain, _folder.FullName);
        (_plain, _inpainting, _towers) = (
            DiffusionModel.FromComponents(plain),
            DiffusionModel.FromComponents(Components(channels: 9, towers: 1)),
            DiffusionModel.FromComponents(Components(channels: 4, towers: 2)));

        string controlNet = Path.Combine(_folder.FullName, "controlnet");
        Plain =
        [
            .. new[] { "ddim", "euler-a", "dpm++", "heun", "unipc", "plms", "kdpm2-a" }.Select(s => Over(_plain, s)),
            Over(
                _plain,
                "dpm++-sde",
                b => b.UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance(new() { SeparatePasses = true })))),
        ];
        Prompting = [Over(_plain, "euler", b => b.UsePromptWeighting()), Over(_towers, "lms", b => b.UsePromptWeighting())];
        Inpainting = [Over(_inpainting, "ddim"), Over(_inpainting, "euler-a")];
        Controlled =
        [
            Over(_plain, "euler", b => b.UseControlNet(controlNet)),
            Over(_plain, "dpm++", b => b.UseControlNet(controlNet, 0.7).UseControlNet(controlNet, 0.5, 0.25, 0.75)),
        ];
        Towers = [Over(_towers, "euler"), Over(_towers, "unipc")];
        if (!drawings) return;
        Drawings = new DiffusionPipelineBuilder().UseDrawingsModel(CPU).Build();
        _pipelines.Add(Drawings);
    }

    /// <summary>One text tower, with many schedulers.</summary>
    public IReadOnlyList<DiffusionPipeline> Plain { get; }

    /// <summary>Those that read weights and long prompts.</summary>
    public IReadOnlyList<DiffusionPipeline> Prompting { get; }

    /// <summary>U-Nets that see a mask.</summary>
    public IReadOnlyList<DiffusionPipeline> Inpainting { get; }

    /// <summary>With a ControlNet, and with two.</summary>
    public IReadOnlyList<DiffusionPipeline> Controlled { get; }

    /// <summary>Two text towers, with size conditioning.</summary>
    public IReadOnlyList<DiffusionPipeline> Towers { get; }

    /// <summary>The shipped model; null where it was not asked for.</summary>
    public DiffusionPipeline? Drawings { get; }

    /// <summary>Conditioning between two prompts, for <see cref="Plain"/>.</summary>
    public Conditioning Between(double share)
    {
        using Conditioning bird = _plain.TextEncoder.Encode(["a blue bird"]), star = _plain.TextEncoder.Encode(["a drawing of a star"]);
        return Conditioning.Interpolate(bird, star, share);
    }

    public void Dispose()
    {
        foreach (DiffusionPipeline pipeline in _pipelines) pipeline.Dispose();
        foreach (DiffusionModel model in (DiffusionModel[])[_plain, _inpainting, _towers]) model.Dispose();
        _folder.Delete(recursive: true);
    }

    private DiffusionPipeline Over(DiffusionModel model, string scheduler, Action<DiffusionPipelineBuilder>? more = null)
    {
        if (!KnownSchedulers.TryGet(scheduler, out KnownScheduler? known))
            throw new ArgumentOutOfRangeException(nameof(scheduler), scheduler, null);
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder()
            .UseTextEncoder(model.TextEncoder)
            .UseDenoiser(model.Denoiser)
            .UseAutoencoder(model.Autoencoder)
            .UseScheduler(known.Create(model.SchedulerConfig));
        more?.Invoke(builder);
        _pipelines.Add(builder.Build());
        return _pipelines[^1];
    }

    private static ModelComponents Components(int channels, int towers, bool controlled = false)
    {
        var config = new UNet2DConditionConfig
        {
            SampleSize = 8, InChannels = channels, BlockOutChannels = [16, 32], NormNumGroups = 8,
            LayersPerBlock = 1, CrossAttentionDim = towers * Width, AttentionHeadDim = 2,
            DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        };
        if (towers == 2)
            config = config with
            {
                AdditionEmbedType = "text_time",
                AdditionTimeEmbedDim = 8,
                ProjectionClassEmbeddingsInputDim = Width + 6 * 8,
            };
        var autoencoder = new AutoencoderKLConfig
        {
            BlockOutChannels = [8, 16], NormNumGroups = 4, ScalingFactor = 0.5, SampleSize = 16,
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        };
        var text = new ClipTextConfig
        {
            VocabSize = s_vocabulary.Tokens.Count, HiddenSize = Width, IntermediateSize = 2 * Width,
            NumHiddenLayers = 2, NumAttentionHeads = 2, ProjectionDim = Width,
            MaxPositionEmbeddings = Window, EosTokenId = s_vocabulary.Tokens[BpeVocabulary.EndToken],
        };
        var tokenizer = new ClipTokenizerFiles(s_vocabulary, Window);
        SchedulerConfig scheduler = SchedulerConfig.Parse("""
            {
              "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
              "clip_sample": false
            }
            """);
        return new ModelComponents(
            ModelFamilies.StableDiffusion,
            towers == 2 ? "StableDiffusionXLPipeline" : "StableDiffusionPipeline",
            scheduler)
        {
            ["unet"] = Filled(config.Build()),
            ["vae"] = Filled(autoencoder.Build()),
            ["text_encoder"] = Filled(text.Build()),
            ["tokenizer"] = tokenizer,
            ["text_encoder_2"] = towers == 2 ? Filled(text.Build(projection: true)) : null,
            ["tokenizer_2"] = towers == 2 ? tokenizer : null,
            ["controlnet"] = controlled ? Control() : null,
        };
    }

    private static ControlNetModel Control() => Filled(new ControlNetConfig
    {
        BlockOutChannels = [16, 32], NormNumGroups = 8, LayersPerBlock = 1,
        CrossAttentionDim = Width, AttentionHeadDim = 2, ConditioningEmbeddingOutChannels = [8, 16],
        DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"],
    }.Build());

    private static T Filled<T>(T network) where T : nn.Module
    {
        FormulaWeights.Fill(network);
        return network;
    }
}
