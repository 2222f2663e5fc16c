using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Tests that count live tensors: the count is of the whole process, so nothing runs beside them.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class LiveTensors
{
    public const string Collection = "live tensors";
}
