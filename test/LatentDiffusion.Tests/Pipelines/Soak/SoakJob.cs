#pragma warning disable MEAI001 // IImageGenerator is experimental.
using System.Security.Cryptography;
using Microsoft.Extensions.AI;

namespace LatentDiffusion.Tests.Pipelines.Soak;

/// <summary>One generation of a soak.</summary>
/// <param name="Task">Kind of generation.</param>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Request">The request.</param>
/// <param name="Way">How it is asked for.</param>
/// <param name="Stop">When it is stopped; null for never.</param>
internal sealed record SoakJob(string Task, DiffusionPipeline Pipeline, GenerationRequest Request, SoakWay Way, SoakStop? Stop)
{
    /// <summary>Fingerprints of the images' files; null where it was stopped.</summary>
    public async Task<string[]?> RunAsync()
    {
        using var stop = new CancellationTokenSource();
        if (Stop is { After: { } time }) stop.CancelAfter(time);
        if (Stop is { Evaluations: 0 }) await stop.CancelAsync();
        var stopping = new Stopping(stop, Stop?.Evaluations);
        try
        {
            GenerationResult result = Way switch
            {
                SoakWay.Blocking => await System.Threading.Tasks.Task.Run(
                    () => Pipeline.Generate(Request, stopping, stop.Token), CancellationToken.None),
                SoakWay.Asynchronous => await Pipeline.GenerateAsync(Request, stopping, stop.Token),
                SoakWay.Stream => await StreamAsync(stop.Token),
                _ => await GeneratorAsync(stop.Token),
            };
            return [.. result.Images.Select(Fingerprint)];
        }
        catch (OperationCanceledException) when (Stop is not null)
        {
            return null;
        }
    }

    /// <summary>Fingerprints of the same images, each made separately with its seed.</summary>
    public string[] RunAlone() =>
        [.. Enumerable.Range(0, Request.ImageCount).Select(i => Fingerprint(Pipeline.Generate(Alone((ulong)i)).Images.Single()))];

    private GenerationRequest Alone(ulong image) => Request.VariationSeed is null
        ? Request with { ImageCount = 1, Seed = Request.Seed + image }
        : Request with { ImageCount = 1, VariationSeed = Request.VariationSeed + image };

    private async Task<GenerationResult> StreamAsync(CancellationToken cancellationToken)
    {
        await foreach (GenerationUpdate update in Pipeline.GenerateStreamingAsync(Request, previewEvery: 2, cancellationToken))
        {
            if (update.Result is { } result) return result;
            // Leaving the loop stops it too.
            if (update.Progress.CompletedSteps == Stop?.Evaluations) throw new OperationCanceledException();
        }

        throw new InvalidOperationException("The stream ended without a result.");
    }

    private async Task<GenerationResult> GeneratorAsync(CancellationToken cancellationToken)
    {
        using IImageGenerator generator = Pipeline.AsImageGenerator();
        ImageGenerationResponse response = await generator.GenerateAsync(
            new ImageGenerationRequest(Request.Prompt),
            new ImageGenerationOptions { RawRepresentationFactory = _ => Request },
            cancellationToken);
        return (GenerationResult)response.RawRepresentation!;
    }

    /// <summary>Of pixels and metadata.</summary>
    private static string Fingerprint(GeneratedImage image) => Convert.ToHexString(SHA256.HashData(image.ToPng(timings: false)));

    private sealed class Stopping(CancellationTokenSource stop, int? after) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value)
        {
            if (value.CompletedSteps == after) stop.Cancel();
        }
    }
}
