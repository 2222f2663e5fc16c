namespace LatentDiffusion.Models;

/// <summary>FLUX.1 dev and schnell: a transformer that reads T5 and the pooled text of CLIP.</summary>
internal sealed class FluxFamily : TransformerFamily<FluxTransformer2DModel, FluxTransformerConfig>
{
    // As published with the pipelines and models.
    private const int DevSteps = 28, SchnellSteps = 4, DevTokens = 512, SchnellTokens = 256, SampleSize = 128;

    public override string Name => "FLUX.1";

    public override IReadOnlyList<string> PipelineClasses { get; } = ["FluxPipeline", "FluxImg2ImgPipeline", "FluxInpaintPipeline"];

    protected override TransformerPublication<FluxTransformerConfig> Published => FluxPublished.Files;

    protected override IReadOnlyList<ComponentDescription> TextComponents { get; } =
    [
        new(ComponentNames.TextEncoder, typeof(ClipTextModel)),
        new(ComponentNames.TextEncoder2, typeof(T5EncoderModel)),
        new(ComponentNames.Tokenizer, typeof(ClipTokenizerFiles)),
        new(ComponentNames.Tokenizer2, typeof(TextTokenizerFiles)),
    ];

    // T5 is the third text encoder for kohya, as in Stable Diffusion 3.
    protected override IReadOnlyList<LoraComponent> TextLoraComponents { get; } =
    [
        TextLora.Clip(ComponentNames.TextEncoder, "lora_te_", "lora_te1_", "text_encoders.clip_l.transformer."),
        TextLora.T5(ComponentNames.TextEncoder2, "lora_te3_", "text_encoders.t5xxl.transformer."),
    ];

    protected override NetworkType CreateType() => NetworkType.Create<FluxTransformer2DModel, FluxTransformerConfig>(
        nameof(FluxTransformer2DModel), FluxTransformerConfig.FromJson, (config, layers) => new(config, layers), network => network.Config);

    protected override TransformerDenoiser CreateDenoiser(FluxTransformer2DModel network) => FluxDenoiser.Create(network);

    protected override DiffusionModel CreateModel(Parts parts)
    {
        DiffusionModel model = parts.Model(parts.Components.Scheduler.WithEvenLevels(FluxDenoiser.PatchSize), Text(parts), SampleSize);
        if (parts.Transformer.Config.GuidanceEmbeds)
        {
            model.Guidance = new EmbeddedGuidance();
            (model.GuidanceScale, model.Steps) = (FluxDenoiser.DefaultGuidanceScale, DevSteps);
        }
        else
        {
            // Distilled: without guidance.
            (model.GuidanceScale, model.Steps) = (1, SchnellSteps);
        }

        return model;
    }

    /// <summary>The text encoder; null where a part of it is missing.</summary>
    private static FluxTextEncoder? Text(Parts parts)
    {
        ModelComponents components = parts.Components;
        int tokens = parts.Transformer.Config.GuidanceEmbeds ? DevTokens : SchnellTokens;
        return components.Find<ClipTextModel>(ComponentNames.TextEncoder) is { } clip
            && components.Find<T5EncoderModel>(ComponentNames.TextEncoder2) is { } t5
            && components.Find<ClipTokenizerFiles>(ComponentNames.Tokenizer) is { } clipTokenizer
            && components.Find<TextTokenizerFiles>(ComponentNames.Tokenizer2) is { } t5Tokenizer
            ? new FluxTextEncoder((clip, clipTokenizer.Build()), (t5, t5Tokenizer.Build()), tokens)
            : null;
    }
}
