using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>A request of <c>txt2img</c> or <c>img2img</c> as it will be run.</summary>
internal sealed record GenerationForm
{
    /// <summary>The fields with their defaults, as the answer repeats them.</summary>
    public required JsonObject Fields { get; init; }

    /// <summary>Options of this request.</summary>
    public required ApiOptions Options { get; init; }

    /// <summary>Whether the options are kept for the requests after it.</summary>
    public required bool KeepsOptions { get; init; }

    /// <summary>What each iteration generates, without seeds.</summary>
    public required GenerationRequest Request { get; init; }

    public required SeedFields Seeds { get; init; }

    public required IReadOnlyList<string> Styles { get; init; }

    /// <summary>Number of iterations, of which each is a job.</summary>
    public required int Iterations { get; init; }

    public required bool SendsImages { get; init; }

    /// <summary>The request of an iteration.</summary>
    /// <param name="iteration">Its number, from 0.</param>
    public GenerationRequest RequestOf(int iteration) =>
        Seeds.ForImage(iteration * Request.ImageCount).ApplyTo(Request);
}
