using System.Numerics;
using System.Runtime.InteropServices;

namespace LatentDiffusion.Runtime;

/// <summary>
/// The cores that the main thread may use. OpenMP binds the thread that loads it to the first core, and .NET gives new threads the
/// affinity of the main thread: the thread pool and the garbage collector would share one core with the computation.
/// </summary>
internal sealed unsafe partial class MainThreadAffinity
{
    // Bits for 4096 CPUs, more than a kernel is built for by default.
    private const int Bytes = 512;

    private static MainThreadAffinity? s_remembered;

    private readonly byte[] _cores;

    private MainThreadAffinity(byte[] cores) => _cores = cores;

    /// <summary>Number of cores.</summary>
    public int Count => _cores.Sum(bits => BitOperations.PopCount(bits));

    /// <summary>The present cores; null where the system does not say.</summary>
    public static MainThreadAffinity? Read()
    {
        byte[] cores = new byte[Bytes];
        fixed (byte* mask = cores)
            return GetAffinity(Environment.ProcessId, Bytes, mask) >= 0 ? new MainThreadAffinity(cores) : null;
    }

    /// <summary>Notes the present cores, before OpenMP is loaded.</summary>
    public static void Remember() => s_remembered = Read();

    /// <summary>Gives the main thread back the noted cores. OpenMP's other threads stay bound.</summary>
    public static void Restore() => Interlocked.Exchange(ref s_remembered, null)?.Apply();

    /// <summary>Gives the main thread these cores.</summary>
    public void Apply()
    {
        fixed (byte* mask = _cores) _ = SetAffinity(Environment.ProcessId, Bytes, mask);
    }

    // The main thread's number is that of the process.
    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint bytes, byte* mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint bytes, byte* mask);
}
