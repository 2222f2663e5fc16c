using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>A PostgreSQL server in a temporary folder, on this machine or on the network of its workers only.</summary>
internal sealed class TemporaryPostgreSql : IDisposable
{
    private const string Debian = "/usr/lib/postgresql", User = "postgres", Loopback = "127.0.0.1";

    private readonly string _programs, _folder, _address;
    private readonly int _port = FreePort();

    private TemporaryPostgreSql(string programs, bool isOnNetwork)
    {
        (_programs, _address) = (programs, isOnNetwork ? WorkerNetwork.Address : Loopback);
        _folder = Directory.CreateTempSubdirectory("latent-diffusion-postgres-").FullName;
        // The server refuses to run as root.
        if (Environment.IsPrivilegedProcess) Run("chown", User, _folder);
        RunAsUser(Path.Combine(_programs, "initdb"), "-D", Data, "-U", User, "--auth=trust", "-E", "UTF8", "--locale=C");
        if (isOnNetwork) File.AppendAllText(Path.Combine(Data, "pg_hba.conf"), $"host all all {WorkerNetwork.Range} trust\n");
        Start();
    }

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Folder of the server's programs; null if it is not installed.</summary>
    public static string? FindPrograms() => Directory.Exists(Debian)
        ? Directory.GetDirectories(Debian).Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Max()
        : null;

    /// <summary>Starts a server.</summary>
    /// <param name="isOnNetwork">Whether it is reached through the network of <see cref="WorkerNetwork"/>, which must exist.</param>
    public static TemporaryPostgreSql Open(bool isOnNetwork = false) =>
        new(FindPrograms() ?? throw new InvalidOperationException($"PostgreSQL is not in {Debian}."), isOnNetwork);

    /// <summary>Creates a database and returns its connection string.</summary>
    public string Create(string name)
    {
        string port = _port.ToString(CultureInfo.InvariantCulture);
        RunAsUser(Path.Combine(_programs, "createdb"), "-h", _address, "-p", port, "-U", User, name);
        return $"Host={_address};Port={port};Username={User};Database={name};Timeout=5";
    }

    /// <summary>Stops the server as a crash does, and starts it.</summary>
    public void Restart()
    {
        Control("stop", "-m", "immediate");
        Start();
    }

    public void Dispose()
    {
        Control("stop", "-m", "immediate");
        Directory.Delete(_folder, recursive: true);
    }

    private void Start() => Control(
        "start", "-l", Path.Combine(_folder, "log"), "-o", $"-p {_port} -c listen_addresses={_address} -k {_folder}");

    private void Control(string command, params string[] arguments) =>
        RunAsUser(Path.Combine(_programs, "pg_ctl"), [command, "-w", "-D", Data, .. arguments]);

    private static void RunAsUser(string program, params string[] arguments)
    {
        if (Environment.IsPrivilegedProcess) Run("setpriv", ["--reuid", User, "--regid", User, "--clear-groups", program, .. arguments]);
        else Run(program, arguments);
    }

    private static void Run(string program, params string[] arguments)
    {
        // The server inherits a pipe and would keep it open.
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", program, .. arguments])
        {
            WorkingDirectory = Path.GetTempPath(),
        };
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{Path.GetFileName(program)} ended with {process.ExitCode}.");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
