using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Training.Distributed;

/// <summary>Two network namespaces of this machine with a cable between them, as two machines. Needs root.</summary>
internal sealed class TwoNetworks : IDisposable
{
    private const string First = "10.77.0.1", Second = "10.77.0.2", Subnet = "10.77.0.0/24";

    private readonly string _a = $"ld{Environment.ProcessId}a", _b = $"ld{Environment.ProcessId}b";
    private readonly TemporaryFolder _folder = new();

    private TwoNetworks()
    {
        Ip("netns", "add", _a);
        Ip("netns", "add", _b);
        Ip("link", "add", "ld-a", "netns", _a, "type", "veth", "peer", "name", "ld-b", "netns", _b);
        foreach ((string name, string device, string address) in new[] { (_a, "ld-a", First), (_b, "ld-b", Second) })
        {
            Ip("-n", name, "addr", "add", $"{address}/24", "dev", device);
            Ip("-n", name, "link", "set", device, "up");
            Ip("-n", name, "link", "set", "lo", "up");
        }

        // In place of ssh: the host, and then a command. Open MPI tells machines apart by their names.
        File.WriteAllText(Agent, $"""
            #!/bin/sh
            host=$1; shift
            if [ "$host" = {Second} ]; then name={_b}; else name={_a}; fi
            exec ip netns exec $name unshare --uts sh -c "hostname $name; $*"

            """);
        Assert.Equal(0, Run("chmod", "+x", Agent));
    }

    private string Agent => _folder["agent.sh"];

    /// <summary>Makes them, or skips the test.</summary>
    public static TwoNetworks Create()
    {
        MpiProgram.RequireMpirun();
        Assert.SkipUnless(Environment.IsPrivilegedProcess && OperatingSystem.IsLinux(), "Network namespaces need root.");
        Assert.SkipUnless(Run("ip", "netns", "list") == 0, "Network namespaces are not available.");
        return new TwoNetworks();
    }

    /// <summary>Starts a program in both, one process each.</summary>
    public MpiProgram Start(string program, params string[] arguments)
    {
        string[] mpirun =
        [
            "mpirun", "--allow-run-as-root", "--mca", "plm_rsh_agent", Agent, "--mca", "btl_tcp_if_include", Subnet,
            "--mca", "oob_tcp_if_include", Subnet, "--host", $"{First}:1,{Second}:1", "-np", "2", "--bind-to", "none", "dotnet", program,
            .. arguments,
        ];
        string[] named = ["netns", "exec", _a, "unshare", "--uts", "sh", "-c", $"hostname {_a}; exec \"$@\"", "sh", .. mpirun];
        return MpiProgram.Start("ip", named);
    }

    public void Dispose()
    {
        Run("ip", "netns", "delete", _a);
        Run("ip", "netns", "delete", _b);
        _folder.Dispose();
    }

    private static void Ip(params string[] arguments) => Assert.Equal(0, Run("ip", arguments));

    private static int Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(program, arguments);
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
