using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Jobs;

/// <summary>Settings of a job queue.</summary>
public sealed record JobQueueOptions
{
    /// <summary>Largest number of waiting jobs, 0 to 100,000. Default 1,000. 0 refuses jobs that cannot run at once.</summary>
    [Range(0, 100_000)]
    public int MaximumQueueLength { get; set; } = 1000;

    /// <summary>Largest number of waiting jobs of one caller, 0 to 100,000; null, the default, for no such limit.</summary>
    [Range(0, 100_000)]
    public int? MaximumQueueLengthPerCaller { get; set; }

    /// <summary>Jobs that this process runs at once, 1 to 1024. Default 1: one generation uses all cores.</summary>
    [Range(1, 1024)]
    public int MaximumRunningJobs { get; set; } = 1;

    /// <summary>How long ended jobs and their files are kept, from a second to ten years. Default one day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Folder of the images, where no other <see cref="IImageStore"/> is registered: empty, new, or the folder of an earlier run. Default
    /// <c>LatentDiffusion/jobs</c> in the user's local application data, or in the folder for temporary files where there is none.
    /// </summary>
    [Required]
    public string ImageFolder { get; set; } = DefaultFolder();

    private static string DefaultFolder()
    {
        string data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return Path.Combine(data.Length > 0 ? data : Path.GetTempPath(), "LatentDiffusion", "jobs");
    }
}
