namespace LatentDiffusion.Models;

/// <summary>Z-Image and Z-Image Turbo: a transformer that reads hidden states of a language model.</summary>
internal sealed class ZImageFamily : TransformerFamily<ZImageTransformer2DModel, ZImageTransformerConfig>
{
    // As published with the pipeline and models.
    private const int TurboSteps = 9, DefaultSteps = 50, SampleSize = 128;
    private const double GuidanceScale = 5;

    public override string Name => "Z-Image";

    public override IReadOnlyList<string> PipelineClasses { get; } = [ZImagePublished.Pipeline, "ZImageImg2ImgPipeline"];

    protected override TransformerPublication<ZImageTransformerConfig> Published => ZImagePublished.Files;

    protected override IReadOnlyList<string> TrainedLayers { get; } = ["to_q", "to_k", "to_v", "to_out.0"];

    protected override IReadOnlyList<ComponentDescription> TextComponents { get; } =
        [new(ComponentNames.TextEncoder, typeof(Qwen3Model)), new(ComponentNames.Tokenizer, typeof(TextTokenizerFiles))];

    // Layers that nothing reads take no memory.
    protected override IReadOnlyList<ComponentType> TextTypes { get; } =
        [SharedComponentTypes.Qwen3(config => ZImageText.Options.LayersOf(config).Max())];

    protected override NetworkType CreateType() => NetworkType.Create<ZImageTransformer2DModel, ZImageTransformerConfig>(
        nameof(ZImageTransformer2DModel), ZImageTransformerConfig.FromJson, (config, layers) => new(config, layers),
        network => network.Config);

    protected override TransformerDenoiser CreateDenoiser(ZImageTransformer2DModel network) => ZImageDenoiser.Create(network);

    protected override DiffusionModel CreateModel(Parts parts)
    {
        DiffusionModel model = parts.Model(parts.Components.Scheduler.WithEvenLevels(), Text(parts.Components), SampleSize);
        model.Guidance = new ConditionalGuidance();
        // Turbo was distilled to a few steps without guidance. The configurations differ only in the shift.
        (model.GuidanceScale, model.Steps) = parts.Components.Scheduler.Number("shift") > ZImagePublished.TurboShift
            ? (GuidanceScale, DefaultSteps)
            : (0, TurboSteps);
        return model;
    }

    /// <summary>The text encoder; null where a part of it is missing.</summary>
    private static Qwen3TextEncoder? Text(ModelComponents components) =>
        components.Find<Qwen3Model>(ComponentNames.TextEncoder) is { } network
        && components.Find<TextTokenizerFiles>(ComponentNames.Tokenizer) is { } tokenizer
            ? new Qwen3TextEncoder(network, tokenizer.Build(), ZImageText.Options)
            : null;
}
