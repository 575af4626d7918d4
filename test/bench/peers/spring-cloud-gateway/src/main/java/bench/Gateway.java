package bench;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Gateway {
  public static void main(String[] args) {
    SpringApplication.run(Gateway.class, args);
  }
}
