using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace LatentDiffusion;

/// <summary>From pipelines to Microsoft.Extensions.AI.</summary>
[Experimental("MEAI001")]
public static class DiffusionImageGeneratorExtensions
{
    /// <summary>The pipeline as an <see cref="IImageGenerator"/>, which does not own it.</summary>
    public static IImageGenerator AsImageGenerator(this DiffusionPipeline pipeline) => new DiffusionImageGenerator(pipeline);
}
