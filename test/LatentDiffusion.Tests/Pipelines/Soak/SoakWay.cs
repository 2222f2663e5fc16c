namespace LatentDiffusion.Tests.Pipelines.Soak;

/// <summary>How a generation is asked for.</summary>
internal enum SoakWay
{
    Blocking,
    Asynchronous,
    Stream,
    ImageGenerator,
}
