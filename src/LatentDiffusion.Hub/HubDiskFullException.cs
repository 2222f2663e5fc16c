namespace LatentDiffusion.Hub;

/// <summary>The disk of the cache has too little space. What was downloaded stays and is resumed.</summary>
public sealed class HubDiskFullException : HubException
{
    // ENOSPC and EDQUOT of Linux and macOS; ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL of Windows.
    private const int NoSpace = 28, LinuxQuota = 122, MacQuota = 69, WindowsHandleFull = 39, WindowsFull = 112;

    /// <summary>Creates the exception.</summary>
    /// <param name="message">The file, the bytes that it needs and the bytes that are free.</param>
    /// <param name="innerException">Its cause; null for none.</param>
    public HubDiskFullException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }

    /// <summary>Whether the operating system reports a full disk or an exceeded quota.</summary>
    internal static bool IsCauseOf(IOException exception) => OperatingSystem.IsWindows()
        ? (exception.HResult & 0xFFFF) is WindowsHandleFull or WindowsFull
        : exception.HResult == NoSpace || exception.HResult == (OperatingSystem.IsMacOS() ? MacQuota : LinuxQuota);
}
