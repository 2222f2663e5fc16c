namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>A job that a worker runs.</summary>
/// <param name="Id">Identifier of the job.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Claim">Identifies this attempt.</param>
/// <param name="Attempt">Number of the attempt, from 1.</param>
/// <param name="Document">The job.</param>
internal sealed record ClaimedJob(string Id, string Model, string Claim, int Attempt, byte[] Document);
