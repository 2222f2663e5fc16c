namespace Lab;

/// <summary>What all sections share.</summary>
/// <param name="Settings">Options of the command line.</param>
/// <param name="Report">Where images and sections go.</param>
/// <param name="Time">Time of each part.</param>
/// <param name="Log">Receives what is being done.</param>
/// <param name="Cancellation">Stops the experiment; nothing is then written.</param>
internal sealed record LabContext(
    LabSettings Settings, ReportFolder Report, TimeBudget Time, LabLog Log, CancellationToken Cancellation);
