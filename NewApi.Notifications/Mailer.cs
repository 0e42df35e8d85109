using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using NewApi.Domain.Options;

namespace NewApi.Notifications;

/// <summary>Sends mail through the server of the options (<c>SMTPServer</c> and its companions).</summary>
public static class Mailer
{
    private const int ImplicitTlsPort = 465;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static bool IsConfigured(GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.SMTPServer.Length > 0 && From(options) is not null;
    }

    /// <exception cref="NoticeFailedException">The server cannot be reached or refuses; the message holds no address and no password.</exception>
    public static async Task SendAsync(GatewayOptions options, string to, string subject, string text, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!IsConfigured(options))
        {
            throw new NoticeFailedException("No mail server is set up (SMTPServer, SMTPFrom).");
        }
        if (!MailboxAddress.TryParse(to, out var recipient))
        {
            throw new NoticeFailedException("The mail address of the account cannot be read.");
        }
        using var message = new MimeMessage();
        message.From.Add(new MailboxAddress(options.SystemName, From(options)!.Address));
        message.To.Add(recipient);
        message.Subject = subject;
        message.Body = new TextPart("plain") { Text = text };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Patience);
        try
        {
            using var smtp = new SmtpClient();
            await smtp.ConnectAsync(
                options.SMTPServer,
                options.SMTPPort,
                options.SMTPSSLEnabled || options.SMTPPort == ImplicitTlsPort ? SecureSocketOptions.SslOnConnect : SecureSocketOptions.StartTlsWhenAvailable,
                deadline.Token);
            if (options.SMTPAccount.Length > 0 && options.SMTPToken.Length > 0)
            {
                await smtp.AuthenticateAsync(options.SMTPAccount, options.SMTPToken, deadline.Token);
            }
            await smtp.SendAsync(message, deadline.Token);
            await smtp.DisconnectAsync(true, deadline.Token);
        }
        catch (Exception fault) when (fault is SocketException or IOException or ProtocolException or CommandException
            or System.Security.Authentication.AuthenticationException or MailKit.Security.AuthenticationException
            or SslHandshakeException or ServiceNotConnectedException or ServiceNotAuthenticatedException or NotSupportedException
            || (fault is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new NoticeFailedException($"The mail server refused or could not be reached ({fault.GetType().Name}).", fault);
        }
    }

    private static MailboxAddress? From(GatewayOptions options) =>
        MailboxAddress.TryParse(options.SMTPFrom.Length > 0 ? options.SMTPFrom : options.SMTPAccount, out var from) ? from : null;
}

/// <summary>A notice could not be sent. The message is for the operator's log and holds no address and no secret.</summary>
public sealed class NoticeFailedException(string message, Exception? inner = null) : Exception(message, inner);
