using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Runtime;

public sealed class MainThreadAffinityTests
{
    // Process.ProcessorAffinity is that of the main thread.
    [Fact]
    public void The_main_thread_gets_back_the_cores_that_it_had()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Only Linux binds the main thread.");
            return;
        }

        using Process process = Process.GetCurrentProcess();
        nint before = process.ProcessorAffinity, first = before & -before;
        MainThreadAffinity cores = MainThreadAffinity.Read()!;
        try
        {
            process.ProcessorAffinity = first;
            cores.Apply();
            process.Refresh();
            Assert.Equal(before, process.ProcessorAffinity);
        }
        finally
        {
            process.ProcessorAffinity = before;
        }
    }
}
