namespace LatentDiffusion;

/// <summary>The images of a request.</summary>
/// <param name="Images">The images, in the order of their seeds.</param>
/// <param name="Request">The request with every choice filled in.</param>
/// <param name="Timings">How long each part took; of requests generated together, for all of them.</param>
/// <example>
/// <code>
/// using LatentDiffusion;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
/// GenerationResult result = pipeline.Generate(new GenerationRequest { Prompt = "a green frog", ImageCount = 4 });
/// foreach (GeneratedImage image in result.Images) image.SavePng($"frog-{image.Seed}.png");
/// Console.WriteLine($"{result.Request.Steps} steps in {result.Timings.Denoising.TotalSeconds:F1} s");
/// </code>
/// </example>
public sealed record GenerationResult(IReadOnlyList<GeneratedImage> Images, GenerationRequest Request, GenerationTimings Timings);
