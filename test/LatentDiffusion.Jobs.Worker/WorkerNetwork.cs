using System.Diagnostics;
using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>
/// Hosts on this machine that reach it only through a network: one namespace of the kernel each, connected by a bridge. Needs Linux,
/// iproute2 and the rights of root.
/// </summary>
internal sealed class WorkerNetwork : IDisposable
{
    private const string Network = "10.213.77.", Bridge = "ldbridge";

    private readonly int _hosts;
    private readonly SemaphoreSlim[] _cuts;

    private WorkerNetwork(int hosts)
    {
        _hosts = hosts;
        _cuts = [.. Enumerable.Range(0, hosts).Select(_ => new SemaphoreSlim(1))];
    }

    /// <summary>Address of this machine in the network.</summary>
    public static string Address => Network + "1";

    /// <summary>Addresses of all hosts.</summary>
    public static string Range => Network + "0/24";

    public static WorkerNetwork Open(int hosts)
    {
        var network = new WorkerNetwork(hosts);
        try
        {
            network.Create();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Namespace of a host, for <c>ip netns exec</c>.</summary>
    public static string Namespace(int host) => $"ldworker{host}";

    /// <summary>Unplugs a host for some time. Packets are lost; connections stay as they are on both sides.</summary>
    public async Task CutAsync(int host, TimeSpan time, CancellationToken cancellationToken)
    {
        await _cuts[host].WaitAsync(cancellationToken);
        try
        {
            Ip("link", "set", Link(host), "down");
            await Task.Delay(time, cancellationToken);
        }
        finally
        {
            Ip("link", "set", Link(host), "up");
            _cuts[host].Release();
        }
    }

    public void Dispose()
    {
        foreach (int host in Enumerable.Range(0, _hosts)) Try("netns", "delete", Namespace(host));
        Try("link", "delete", Bridge);
        foreach (SemaphoreSlim cut in _cuts) cut.Dispose();
    }

    private static string Link(int host) => $"ldlink{host}";

    private void Create()
    {
        Ip("link", "add", Bridge, "type", "bridge");
        Ip("address", "add", Address + "/24", "dev", Bridge);
        Ip("link", "set", Bridge, "up");
        foreach (int host in Enumerable.Range(0, _hosts))
        {
            string space = Namespace(host), address = string.Create(CultureInfo.InvariantCulture, $"{Network}{host + 2}/24");
            Ip("netns", "add", space);
            Ip("link", "add", Link(host), "type", "veth", "peer", "name", "eth0", "netns", space);
            Ip("link", "set", Link(host), "master", Bridge, "up");
            Ip("-n", space, "address", "add", address, "dev", "eth0");
            Ip("-n", space, "link", "set", "eth0", "up");
            Ip("-n", space, "link", "set", "lo", "up");
        }
    }

    private static void Ip(params string[] arguments)
    {
        if (!Try(arguments)) throw new InvalidOperationException($"ip {string.Join(' ', arguments)} failed.");
    }

    private static bool Try(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
