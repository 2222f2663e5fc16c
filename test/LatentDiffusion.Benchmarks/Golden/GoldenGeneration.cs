using LatentDiffusion.Tests.Pipelines;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Cases that generate with a small model: the latents that are decoded, and the pixels.</summary>
internal static class GoldenGeneration
{
    /// <summary>Two images of 24 x 16 pixels.</summary>
    public static GenerationRequest Request { get; } = new()
    {
        Prompt = "ab a", NegativePrompt = "b", Seed = 3, ImageCount = 2, Steps = 3, GuidanceScale = 4,
        Width = TaskImages.Width, Height = TaskImages.Height,
    };

    /// <summary>An initial image, three of whose five steps run.</summary>
    public static GenerationRequest ImageToImage { get; } = Request with { InitialImage = TaskImages.Image, Steps = 5, Strength = 0.6 };

    /// <summary>The same with a mask.</summary>
    public static GenerationRequest Inpainting { get; } = ImageToImage with { Mask = TaskImages.Mask };

    /// <summary>A case that generates one request, or several together.</summary>
    /// <param name="name">Name of the case.</param>
    /// <param name="folder">Folder of the model.</param>
    /// <param name="requests">The requests to generate; null for <see cref="Request"/>.</param>
    /// <param name="build">Further settings of the builder.</param>
    /// <param name="precision">Type of the weights; null for float32.</param>
    public static GoldenCase Case(
        string name, Func<string> folder, IReadOnlyList<GenerationRequest>? requests = null,
        Action<DiffusionPipelineBuilder>? build = null, ScalarType? precision = null) =>
        new(name, hashes =>
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folder(), CPU, precision)
                .UseAutoencoder(model => new RecordedLatents(model.Autoencoder, hashes));
            build?.Invoke(builder);
            Generate(builder, requests ?? [Request], hashes);
        });

    /// <summary>A case that hashes only pixels, for pipelines that need the model's own autoencoder.</summary>
    public static GoldenCase Pixels(string name, Func<string> folder, GenerationRequest request, Action<DiffusionPipelineBuilder> build) =>
        new(name, hashes =>
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folder(), CPU);
            build(builder);
            Generate(builder, [request], hashes);
        });

    private static void Generate(DiffusionPipelineBuilder builder, IReadOnlyList<GenerationRequest> requests, GoldenHashes hashes)
    {
        using DiffusionPipeline pipeline = builder.Build();
        IReadOnlyList<GenerationResult> results = requests is [var one] ? [pipeline.Generate(one)] : pipeline.Generate(requests);
        foreach (GeneratedImage image in results.SelectMany(r => r.Images)) hashes.Add("pixels", image.Image);
    }
}
