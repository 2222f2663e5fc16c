namespace LatentDiffusion.Jobs;

/// <summary>Settings of a job queue.</summary>
public sealed record JobQueueOptions
{
    /// <summary>Largest number of waiting jobs. Default 1,000.</summary>
    public int MaximumQueueLength { get; set; } = 1000;

    /// <summary>Largest number of waiting jobs of one caller; null, the default, for no such limit.</summary>
    public int? MaximumQueueLengthPerCaller { get; set; }

    /// <summary>Jobs that this process runs at once. Default 1: one generation uses all cores.</summary>
    public int MaximumRunningJobs { get; set; } = 1;

    /// <summary>How long ended jobs and their files are kept. Default one day.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(1);
}
