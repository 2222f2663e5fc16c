using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>How the models of a published pipeline class are put together for a case of the reference file.</summary>
/// <param name="Create">Makes a denoiser, filled by formula, from the case's <c>transformer</c>.</param>
/// <param name="Tokens">How latents become the tokens that the file lists; null where it lists latents.</param>
/// <param name="Scheduler">The configuration that the family's scheduler is made from.</param>
internal sealed record ReferencePipeline(
    Func<string, (TransformerDenoiser Denoiser, nn.Module Network)> Create, LatentTokens? Tokens,
    Func<SchedulerConfig, SchedulerConfig> Scheduler)
{
    /// <summary>The guidance of the pipeline at a scale, and the scale as the library counts.</summary>
    public Func<double, bool, (IGuidance? Guidance, double Scale)> Guidance { get; init; } = (scale, _) => (null, scale);

    /// <summary>The pipelines by class.</summary>
    public static IReadOnlyDictionary<string, ReferencePipeline> All { get; } = new Dictionary<string, ReferencePipeline>
    {
        ["FluxPipeline"] = new(
            config =>
            {
                FluxTransformer2DModel network = FluxTransformerConfig.FromJson(config).BuildUninitialized();
                return (FluxDenoiser.Create(network), network);
            },
            new LatentTokens(2), config => config.WithEvenLevels())
        {
            Guidance = (scale, reads) => reads ? (new EmbeddedGuidance(), scale) : (null, 1),
        },
        ["Flux2KleinPipeline"] = new(
            config =>
            {
                Flux2Transformer2DModel network = Flux2TransformerConfig.FromJson(config).BuildUninitialized();
                return (Flux2Denoiser.Create(network), network);
            },
            new LatentTokens(1), config => config.WithEvenLevels(patchSize: 1, dependsOnSteps: true)),
        ["ZImagePipeline"] = new(
            config =>
            {
                ZImageTransformer2DModel network = ZImageTransformerConfig.FromJson(config).BuildUninitialized();
                return (ZImageDenoiser.Create(network), network);
            },
            null, config => config.WithEvenLevels())
        {
            Guidance = (scale, _) => (new ConditionalGuidance(), scale),
        },
    };

    /// <summary>A case's conditioning of one image; null where it has none.</summary>
    /// <param name="inputs">The case's inputs.</param>
    /// <param name="prefix">Empty, or <c>negative_</c>.</param>
    /// <param name="image">Which image.</param>
    public static Conditioning? Embeddings(JsonNode inputs, string prefix, int image)
    {
        if (inputs[$"{prefix}prompt_embeds"] is not { } name) return null;
        if (name is JsonArray names)
        {
            // Captions of any length: padded to the longest of the case, and masked.
            long[] shape = Shape(inputs, $"{prefix}prompt_embeds", image);
            long longest = inputs["prompt_embeds_shape"]!.AsArray().Concat(inputs["negative_prompt_embeds_shape"]?.AsArray() ?? [])
                .Max(s => (long)s![0]!);
            Tensor caption = FormulaWeights.Input((string)names[image]!, shape);
            Tensor mask = cat([ones(shape[0]), zeros(longest - shape[0])]).unsqueeze(0);
            return new Conditioning(cat([caption, zeros(longest - shape[0], shape[1])]).unsqueeze(0), mask: mask);
        }

        return new Conditioning(Batched("prompt_embeds")!, Batched("pooled_prompt_embeds"));

        Tensor? Batched(string what) => inputs[prefix + what] is { } input
            ? FormulaWeights.Input((string)input!, [.. inputs[$"{prefix}{what}_shape"]!.AsArray().Select(n => (long)n!)])
                .narrow(0, image, 1).clone()
            : null;
    }

    private static long[] Shape(JsonNode inputs, string name, int image) =>
        [.. inputs[$"{name}_shape"]![image]!.AsArray().Select(n => (long)n!)];
}
