namespace LatentDiffusion.Tests.Pipelines.Soak;

/// <summary>How things stand after some of the generations.</summary>
/// <param name="Generations">How many were done by then.</param>
/// <param name="LiveTensors">Tensors alive, nothing collected.</param>
/// <param name="Resident">Resident memory at rest, garbage collected, in bytes.</param>
/// <param name="MostResident">The most that was resident while generations ran, in bytes.</param>
internal readonly record struct SoakRound(int Generations, long LiveTensors, long Resident, long MostResident);
