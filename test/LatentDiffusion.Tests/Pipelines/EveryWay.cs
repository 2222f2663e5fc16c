#pragma warning disable MEAI001 // IImageGenerator is experimental.
using Microsoft.Extensions.AI;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>The ways in which a pipeline is asked for images.</summary>
internal static class EveryWay
{
    public const string Blocking = "Generate",
        Asynchronous = "GenerateAsync",
        Several = "GenerateAsync of several",
        Stream = "GenerateStreamingAsync",
        Generator = "IImageGenerator";

    public static readonly string[] Names = [Blocking, Asynchronous, Several, Stream, Generator];

    /// <summary>Asks, and waits for the result.</summary>
    public static async Task<GenerationResult> AskAsync(
        string way,
        DiffusionPipeline pipeline,
        GenerationRequest request,
        CancellationToken cancellationToken = default)
    {
        switch (way)
        {
            case Blocking:
                return pipeline.Generate(request, null, cancellationToken);
            case Asynchronous:
                return await pipeline.GenerateAsync(request, null, cancellationToken);
            case Several:
                return Assert.Single(await pipeline.GenerateAsync([request], null, cancellationToken));
            case Stream:
                GenerationResult? last = null;
                await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(request, previewEvery: 0, cancellationToken))
                    last = update.Result;
                return Assert.IsType<GenerationResult>(last);
            case Generator:
                ImageGenerationResponse response = await pipeline.AsImageGenerator().GenerateAsync(
                    new ImageGenerationRequest(),
                    new ImageGenerationOptions { RawRepresentationFactory = _ => request },
                    cancellationToken);
                return Assert.IsType<GenerationResult>(response.RawRepresentation);
            default:
                throw new ArgumentOutOfRangeException(nameof(way), way, null);
        }
    }
}
