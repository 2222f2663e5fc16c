namespace LatentDiffusion.Jobs;

/// <summary>Why a job failed.</summary>
/// <param name="Kind">Whose fault it is, as a server reports it.</param>
/// <param name="Message">The message, without a stack trace.</param>
/// <param name="Parameter">Name of the wrong parameter of the request; null where none is to blame.</param>
public sealed record JobError(JobErrorKind Kind, string Message, string? Parameter = null);
