namespace LatentDiffusion.Models;

/// <summary>Chroma: a transformer that reads T5, with classifier-free guidance.</summary>
internal sealed class ChromaFamily : TransformerFamily<ChromaTransformer2DModel, ChromaTransformerConfig>
{
    // As published with the pipeline.
    private const int DefaultSteps = 35, SampleSize = 128;
    private const double GuidanceScale = 5;

    public override string Name => "Chroma";

    public override IReadOnlyList<string> PipelineClasses { get; } = [ChromaPublished.Pipeline, "ChromaImg2ImgPipeline"];

    protected override TransformerPublication<ChromaTransformerConfig> Published => ChromaPublished.Files;

    protected override IReadOnlyList<ComponentDescription> TextComponents { get; } =
        [new(ComponentNames.TextEncoder, typeof(T5EncoderModel)), new(ComponentNames.Tokenizer, typeof(TextTokenizerFiles))];

    protected override NetworkType CreateType() => NetworkType.Create<ChromaTransformer2DModel, ChromaTransformerConfig>(
        nameof(ChromaTransformer2DModel), ChromaTransformerConfig.FromJson, (config, layers) => new(config, layers),
        network => network.Config);

    protected override TransformerDenoiser CreateDenoiser(ChromaTransformer2DModel network) => ChromaDenoiser.Create(network);

    protected override DiffusionModel CreateModel(Parts parts)
    {
        DiffusionModel model = parts.Model(parts.Components.Scheduler.WithEvenLevels(), Text(parts.Components), SampleSize);
        (model.GuidanceScale, model.Steps) = (GuidanceScale, DefaultSteps);
        return model;
    }

    /// <summary>The text encoder; null where a part of it is missing.</summary>
    private static T5TextEncoder? Text(ModelComponents components) =>
        components.Find<T5EncoderModel>(ComponentNames.TextEncoder) is { } network
        && components.Find<TextTokenizerFiles>(ComponentNames.Tokenizer) is { } tokenizer
            ? new T5TextEncoder(network, tokenizer.Build(), padding: TextPadding.MaskedExceptFirst)
            : null;
}
