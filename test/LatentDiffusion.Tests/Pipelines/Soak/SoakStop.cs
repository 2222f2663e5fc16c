namespace LatentDiffusion.Tests.Pipelines.Soak;

/// <summary>When a generation is stopped: after so many evaluations of the network, or so much time, whichever there is.</summary>
internal readonly record struct SoakStop(int? Evaluations, TimeSpan? After);
