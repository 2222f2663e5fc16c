using System.Globalization;
using TorchSharp;

namespace LatentDiffusion;

/// <summary>Settings of the whole process for computing on a CPU.</summary>
/// <remarks>
/// The threads of libtorch belong to OpenMP, whose runtime reads its settings from the environment when it is loaded, so
/// <see cref="Configure"/> comes before anything else that computes. Results do not change, except that another number of
/// threads may sum in another order.
/// </remarks>
/// <example>
/// <code>
/// using LatentDiffusion;
///
/// // The first line of the program.
/// CpuRuntimeSettings settings = CpuRuntime.Configure(new CpuRuntimeOptions { Threads = Environment.ProcessorCount });
/// Console.WriteLine($"{settings.Threads} threads");
/// </code>
/// </example>
public static class CpuRuntime
{
    private const string Threads = "OMP_NUM_THREADS", Binding = "OMP_PROC_BIND", WaitPolicy = "OMP_WAIT_POLICY",
        SpinCount = "GOMP_SPINCOUNT";
    // About a tenth of a millisecond: longer than the pauses between operators. The runtime's own is several milliseconds,
    // which a busy machine loses at every operator whose other threads wait for a core.
    private const int BriefSpinCount = 10_000;

    private const string Maps = "/proc/self/maps", OpenMPLibrary = "libgomp";

    /// <summary>
    /// Applies settings once, at the start of a process. Variables that the environment sets already stay as they are, except
    /// for a number of threads that the options name.
    /// </summary>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <returns>Which of them took effect.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number of threads is below 1.</exception>
    public static CpuRuntimeSettings Configure(CpuRuntimeOptions? options = null)
    {
        options ??= new CpuRuntimeOptions();
        if (options.Threads < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.Threads, "Threads must be at least 1.");
        bool isEarly = OperatingSystem.IsLinux() && !IsLoaded();
        int threads = options.Threads ?? Environment.ProcessorCount;
        if (isEarly) SetEnvironment(options, ref threads);
        else torch.set_num_threads(threads);
        return new CpuRuntimeSettings
        {
            Threads = threads, ConfiguresThreads = isEarly,
            KeepsFreedMemory = options.KeepFreedMemory && GlibcAllocator.KeepFreedMemory(),
        };
    }

    /// <summary>
    /// Whether threads are bound. Bound to the first cores, fewer threads than cores would meet those of other processes there, or of
    /// other containers with a quota.
    /// </summary>
    internal static bool Binds(CpuRuntimeOptions options, int threads) =>
        options.BindThreads && threads >= MainThreadAffinity.Read()?.Count;

    private static void SetEnvironment(CpuRuntimeOptions options, ref int threads)
    {
        if (options.Threads is null && int.TryParse(Environment.GetEnvironmentVariable(Threads), CultureInfo.InvariantCulture, out int set))
            threads = set;
        NativeEnvironment.Set(Threads, threads.ToString(CultureInfo.InvariantCulture), replace: options.Threads is not null);
        if (Binds(options, threads))
        {
            NativeEnvironment.Set(Binding, "true", replace: false);
            MainThreadAffinity.Remember();
        }

        if (options.Waiting != ThreadWaiting.Brief)
            NativeEnvironment.Set(WaitPolicy, options.Waiting == ThreadWaiting.Active ? "active" : "passive", replace: false);
        else if (Environment.GetEnvironmentVariable(WaitPolicy) is null)
            NativeEnvironment.Set(SpinCount, BriefSpinCount.ToString(CultureInfo.InvariantCulture), replace: false);
    }

    private static bool IsLoaded() => File.ReadLines(Maps).Any(line => line.Contains(OpenMPLibrary, StringComparison.Ordinal));
}
