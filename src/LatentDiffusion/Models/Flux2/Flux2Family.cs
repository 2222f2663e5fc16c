namespace LatentDiffusion.Models;

/// <summary>FLUX.2 klein and dev: a transformer that reads hidden states of a language model, and reference images.</summary>
internal sealed class Flux2Family : TransformerFamily<Flux2Transformer2DModel, Flux2TransformerConfig>
{
    /// <summary>The setting of a folder whose model was distilled to a few steps without guidance.</summary>
    public const string IsDistilled = "is_distilled";

    // As published with the pipelines and models.
    private const int DistilledSteps = 4, DefaultSteps = 50, SampleSize = 64;
    private const double GuidanceScale = 4;

    public override string Name => "FLUX.2";

    public override IReadOnlyList<string> PipelineClasses { get; } = [Flux2Published.KleinPipeline, Flux2Published.DevPipeline];

    protected override TransformerPublication<Flux2TransformerConfig> Published => Flux2Published.Files;

    protected override IReadOnlyList<string> TrainedLayers { get; } = [.. AttentionLayers, "to_qkv_mlp_proj"];

    protected override IReadOnlyList<ComponentDescription> TextComponents { get; } =
        [new(ComponentNames.TextEncoder, typeof(Qwen3Model)), new(ComponentNames.Tokenizer, typeof(TextTokenizerFiles))];

    // Layers that nothing reads take no memory.
    protected override IReadOnlyList<ComponentType> TextTypes { get; } =
    [
        SharedComponentTypes.Qwen3(config => Flux2Text.Klein.LayersOf(config).Max()),
        SharedComponentTypes.Mistral(config => Flux2Text.Dev.LayersOf(config).Max()),
    ];

    protected override NetworkType CreateType() => NetworkType.Create<Flux2Transformer2DModel, Flux2TransformerConfig>(
        nameof(Flux2Transformer2DModel), Flux2TransformerConfig.FromJson, (config, layers) => new(config, layers),
        network => network.Config);

    protected override TransformerDenoiser CreateDenoiser(Flux2Transformer2DModel network) => Flux2Denoiser.Create(network);

    protected override DiffusionModel CreateModel(Parts parts)
    {
        SchedulerConfig scheduler = parts.Components.Scheduler.WithEvenLevels(patchSize: 1, dependsOnSteps: true);
        DiffusionModel model = parts.Model(scheduler, Text(parts.Components), SampleSize);
        (model.GuidanceScale, model.Steps) = (GuidanceScale, DefaultSteps);
        if (parts.Transformer.Config.GuidanceEmbeds) model.Guidance = new EmbeddedGuidance();
        // Single files do not say; those of klein are mostly distilled.
        else if (parts.Components.Setting(IsDistilled, whenAbsent: parts.Components.IsPartial))
            (model.GuidanceScale, model.Steps) = (1, DistilledSteps);
        return model;
    }

    /// <summary>The text encoder; null where a part of it is missing.</summary>
    private static Qwen3TextEncoder? Text(ModelComponents components) =>
        components.Find<Qwen3Model>(ComponentNames.TextEncoder) is { } network
        && components.Find<TextTokenizerFiles>(ComponentNames.Tokenizer) is { } tokenizer
            ? new Qwen3TextEncoder(network, tokenizer.Build(), Flux2Text.OptionsOf(network.Config))
            : null;
}
